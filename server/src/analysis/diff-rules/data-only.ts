import { changedTokens, type DiffCode, lineRange } from './diff-code.ts';
import type { DiffRule } from './diff-rule.ts';

const CALLBACK = /\b(?:KLP|KPATCH)_(?:PRE|POST)_(?:UN)?PATCH_CALLBACK\b|\bKPATCH_(?:UN)?LOAD_HOOK\b/;

export const rule: DiffRule = {
  id: 'diff-data-only',
  severity: 'warning',
  severityReason: 'The diff shows all its code, but not what a tool makes of it.',
  summary: 'Changes initial values only, and there is no callback.',
  kernel:
    'A livepatch replaces functions. The variables of the running kernel keep their values until code writes them, such as a callback (KLP_PRE_PATCH_CALLBACK() and others; KPATCH_… for kpatch-build).',
  evidence: 'documentation',
  check(code) {
    if (!changesDataOnly(code)) return [];
    return code.files.flatMap(({ hunks }) =>
      hunks
        .flatMap(({ changed }) => changed)
        .map(({ scope, line }) => ({
          range: lineRange(code, line),
          message: `Only data changes, here ${scope.name || 'a table'}, and no function. The running kernel keeps the old values unless a callback writes the new ones.`,
        })),
    );
  },
};

/** Whether all code that the diff changes are initialisers. What may be something else counts as something else. */
function changesDataOnly({ diff, files }: DiffCode): boolean {
  const changed = diff.files
    .flatMap(({ hunks }) => hunks.flatMap(({ lines }) => lines))
    .filter(({ kind }) => kind !== 'context');
  if (changed.some(({ text }) => CALLBACK.test(text))) return false;
  return files.every(({ file, hunks }) => {
    // Texts, and what only says what is built, are no code.
    if (hunks.length === 0) return !/\.(?:S|s|lds|dts|dtsi|rs|l|y)$/.test(file.path);
    return (
      file.path.endsWith('.c') &&
      hunks.every((hunk) =>
        [...changedTokens(hunk.old), ...changedTokens(hunk.new)].every(({ scope }) => scope?.kind === 'data'),
      )
    );
  });
}
