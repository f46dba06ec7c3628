import { createHash } from 'node:crypto';
import {
  type Diagnostic,
  type DiagnosticRelatedInformation,
  DiagnosticSeverity,
  DiagnosticTag,
  type DocumentDiagnosticReport,
} from 'vscode-languageserver';
import type { Finding, Severity } from '../analysis/rule.ts';
import { rulePage } from '../analysis/rule-pages.ts';
import type { FeatureContext } from './context.ts';

/** Shown beside each message, so that nobody takes it for the compiler's. */
export const SOURCE = 'livepatch';

const SEVERITIES: { readonly [severity in Severity]: DiagnosticSeverity } = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  information: DiagnosticSeverity.Information,
  hint: DiagnosticSeverity.Hint,
};

/** Things that newer kernels no longer have: editors strike them through. */
const REMOVED = /^removed-/;

/** The diagnostics of an open document; none for one that has nothing to do with livepatch. */
export async function diagnosticsOf(context: FeatureContext, uri: string): Promise<Diagnostic[]> {
  if (context.documents.isGone(uri)) return [];
  const findings = context.diffs.has(uri) ? context.diffs.findingsIn(uri) : await context.checks.findingsIn(uri);
  return findings.flatMap((finding) => toDiagnostic(context, finding) ?? []);
}

/** The answer to a pull: the diagnostics, or only that they are the same as those of `previousResultId`. */
export async function diagnosticReport(
  context: FeatureContext,
  uri: string,
  previousResultId: string | undefined,
): Promise<DocumentDiagnosticReport> {
  const items = await diagnosticsOf(context, uri);
  const resultId = createHash('sha1').update(JSON.stringify(items)).digest('base64');
  return resultId === previousResultId ? { kind: 'unchanged', resultId } : { kind: 'full', resultId, items };
}

export function toDiagnostic({ client, documents }: FeatureContext, finding: Finding): Diagnostic | null {
  const range = documents.range(finding.range);
  if (!range) return null;
  const page = rulePage(finding.rule);
  const related = client.relatedInformation ? relatedInformation(documents, finding) : [];
  return {
    range,
    severity: SEVERITIES[finding.severity],
    code: finding.rule,
    source: SOURCE,
    message: finding.message,
    ...(client.diagnosticLinks && page !== null && { codeDescription: { href: page } }),
    ...(REMOVED.test(finding.rule) && { tags: [DiagnosticTag.Deprecated] }),
    ...(related.length > 0 && { relatedInformation: related }),
  };
}

function relatedInformation(documents: FeatureContext['documents'], finding: Finding): DiagnosticRelatedInformation[] {
  return (finding.related ?? []).flatMap(({ range, message }) => {
    const location = documents.location(range);
    return location ? [{ location, message }] : [];
  });
}
