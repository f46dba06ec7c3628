import {
  type CodeAction,
  CodeActionKind,
  type CodeActionParams,
  type Diagnostic,
  type TextEdit as LspEdit,
  type TextDocumentEdit,
  type WorkspaceEdit,
} from 'vscode-languageserver';
import type { LivepatchModule } from '../../../shared/src/model/index.ts';
import { fixAllEdits } from '../analysis/fixes.ts';
import type { Finding, TextEdit } from '../analysis/rule.ts';
import type { FeatureContext } from './context.ts';
import { SOURCE } from './diagnostics.ts';

/** All safe fixes of a document; editors run it on save when the user says so. */
export const FIX_ALL = `${CodeActionKind.SourceFixAll}.${SOURCE}`;

/** Quick fixes for the findings in a range, and "fix all". Everything comes from the last check: nothing is analysed anew. */
export async function codeActions(context: FeatureContext, params: CodeActionParams): Promise<CodeAction[]> {
  const { uri } = params.textDocument;
  const document = context.documents.get(uri);
  if (!document) return [];
  const findings = await context.checks.findingsIn(uri);
  const actions: CodeAction[] = [];
  if (wants(params, CodeActionKind.QuickFix)) {
    const start = document.offsetAt(params.range.start);
    const end = document.offsetAt(params.range.end);
    const here = findings.filter(({ range }) => range.start <= end && start <= range.end);
    for (const finding of here) actions.push(...quickFixes(context, finding, params.context.diagnostics));
    const check = await context.checks.of(uri);
    for (const finding of here) {
      actions.push(...ignoreAction(context, finding, check?.module ?? null, params.context.diagnostics));
    }
  }
  if (wants(params, FIX_ALL)) {
    const edits = fixAllEdits(findings, uri);
    const edit = edits.length > 0 ? workspaceEdit(context, edits) : null;
    if (edit) actions.push({ title: 'Fix all livepatch findings that can be fixed safely', kind: FIX_ALL, edit });
  }
  return actions;
}

/** Whether the client asks for this kind: kinds are a hierarchy, `source` stands for `source.fixAll.livepatch`, too. */
function wants({ context }: CodeActionParams, kind: string): boolean {
  return context.only === undefined || context.only.some((asked) => kind === asked || kind.startsWith(`${asked}.`));
}

function quickFixes(context: FeatureContext, finding: Finding, reported: readonly Diagnostic[]): CodeAction[] {
  return (finding.fixes ?? []).flatMap((fix, index) => {
    const edit = workspaceEdit(context, fix.edits);
    if (!edit) return [];
    return {
      title: fix.title,
      kind: CodeActionKind.QuickFix,
      diagnostics: diagnosticsFor(context, finding, reported),
      edit,
      ...(context.client.preferredActions && index === 0 && fix.safety === 'safe' && { isPreferred: true }),
    };
  });
}

/** Writes a comment line above the finding's, or adds the rule to the comment that is there. */
function ignoreAction(
  context: FeatureContext,
  finding: Finding,
  module: LivepatchModule | null,
  reported: readonly Diagnostic[],
): CodeAction[] {
  const comment = existingComment(module, finding) ?? newComment(context, finding);
  const edit = comment && workspaceEdit(context, [comment]);
  if (!edit) return [];
  return [
    {
      title: `Ignore ${finding.rule} on this line`,
      kind: CodeActionKind.QuickFix,
      diagnostics: diagnosticsFor(context, finding, reported),
      edit,
    },
  ];
}

function existingComment(module: LivepatchModule | null, { range, rule }: Finding): TextEdit | null {
  const comment = module?.suppressions.find(
    ({ line, rules }) =>
      rules.length > 0 && line.file === range.file && line.start <= range.start && range.start <= line.end,
  );
  if (!module || !comment) return null;
  const { file, start, end } = comment.range;
  const text = module.files.find((source) => source.file === file)?.text.slice(start, end) ?? '';
  const word = text.indexOf('livepatch-ignore');
  if (word < 0) return null;
  const at = start + word + 'livepatch-ignore'.length;
  return { range: { file, start: at, end: at }, newText: ` ${rule},` };
}

/** Null where a line above would become a part of a macro. */
function newComment({ documents }: FeatureContext, { range, rule }: Finding): TextEdit | null {
  const document = documents.get(range.file);
  if (!document) return null;
  const text = document.getText();
  const at = document.offsetAt({ line: document.positionAt(range.start).line, character: 0 });
  if (/\\\r?\n$/.test(text.slice(Math.max(0, at - 3), at))) return null;
  const indentation = /^[ \t]*/.exec(text.slice(at))?.[0] ?? '';
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const comment = `${indentation}// livepatch-ignore ${rule}: reason${newline}`;
  return { range: { file: range.file, start: at, end: at }, newText: comment };
}

/** The client's own diagnostics that the action answers: it shows the action at these. */
function diagnosticsFor(
  { documents }: FeatureContext,
  finding: Finding,
  reported: readonly Diagnostic[],
): Diagnostic[] {
  const range = documents.range(finding.range);
  return reported.filter(
    (diagnostic) =>
      diagnostic.source === SOURCE &&
      diagnostic.code === finding.rule &&
      diagnostic.range.start.line === range?.start.line &&
      diagnostic.range.start.character === range.start.character,
  );
}

/** Null when one of the files is not known any more. */
function workspaceEdit({ client, documents }: FeatureContext, edits: readonly TextEdit[]): WorkspaceEdit | null {
  const byFile = new Map<string, LspEdit[]>();
  for (const { range, newText } of edits) {
    const where = documents.range(range);
    if (!where) return null;
    const list = byFile.get(range.file);
    if (list) list.push({ range: where, newText });
    else byFile.set(range.file, [{ range: where, newText }]);
  }
  if (!client.versionedEdits) return { changes: Object.fromEntries(byFile) };
  const documentChanges = [...byFile].map(
    ([uri, edits]): TextDocumentEdit => ({
      textDocument: { uri, version: documents.get(uri)?.version ?? null },
      edits,
    }),
  );
  return { documentChanges };
}
