import { type InlayHint, InlayHintKind, type InlayHintParams } from 'vscode-languageserver';
import { type KlpFunc, type KlpObject, knownValue } from '../../../shared/src/model/index.ts';
import type { KernelKnowledge } from '../kernel/knowledge.ts';
import type { FeatureContext } from './context.ts';
import { ordinal, symbolText } from './kernel-symbol-text.ts';

/** Behind each `.old_name`: what the target kernel has under that name. Nothing where nothing is known. */
export async function inlayHints(
  context: FeatureContext,
  { textDocument: { uri }, range }: InlayHintParams,
): Promise<InlayHint[]> {
  const document = context.documents.get(uri);
  const knowledge = context.knowledge();
  if (!document || !knowledge || !context.settings().inlayHints) return [];
  const check = await context.checks.of(uri);
  if (!check) return [];
  const [from, to] = [document.offsetAt(range.start), document.offsetAt(range.end)];
  return check.module.objectTables
    .flatMap(({ entries }) => entries)
    .flatMap((object) =>
      funcsOf(object).flatMap((func) => {
        if (func.range.file !== uri || func.range.end < from || func.range.start > to) return [];
        const label = labelOf(func, object, knowledge);
        const name = func.oldName.kind === 'known' ? func.oldName.range : null;
        if (label === null || !name) return [];
        return [
          {
            position: document.positionAt(name.end),
            label,
            kind: InlayHintKind.Type,
            paddingLeft: true,
            tooltip: `From ${knowledge.label}.`,
          },
        ];
      }),
    );
}

const funcsOf = ({ funcs }: KlpObject): readonly KlpFunc[] => (funcs.kind === 'known' ? funcs.table.entries : []);

function labelOf(func: KlpFunc, object: KlpObject, knowledge: KernelKnowledge): string | null {
  const name = knownValue(func.oldName);
  if (name === undefined || object.name.kind === 'unknown' || func.oldSympos.kind === 'unknown') return null;
  const where = knownValue(object.name) ?? null;
  const symbols = knowledge.lookup(name, where);
  const position = Math.max(1, knownValue(func.oldSympos) ?? 0);
  const symbol = symbols[position - 1];
  if (symbol) return symbolText(symbol, knowledge);
  if (symbols.length > 0) return `${where ?? 'vmlinux'} has ${symbols.length} of this name, no ${ordinal(position)}`;
  return knowledge.coverage(where) === 'complete' ? `not in ${where ?? 'vmlinux'}` : null;
}
