import { spanRange } from './diff-code.ts';
import type { DiffRule } from './diff-rule.ts';
import type { DiffFile } from './parse-diff.ts';

export const rule: DiffRule = {
  id: 'diff-refused-file',
  severity: 'warning',
  severityReason: 'klp-build stops; other tools may take the diff, but have no function to hook either.',
  summary: 'Changes a file that klp-build refuses: assembler, lib/, vdso, realmode.',
  kernel:
    'klp-build refuses diffs to *.S, lib/*, */vdso/* and */realmode/rm/*: a livepatch can only replace functions that ftrace can hook (scripts/livepatch/klp-build).',
  evidence: 'kernel source',
  check({ diff }) {
    return diff.files.flatMap((file) => {
      const reason = reasonFor(file);
      return reason === null
        ? []
        : [{ range: spanRange(diff, file.pathSpan), message: `${reason} klp-build refuses diffs to it.` }];
    });
  },
};

function reasonFor({ path }: DiffFile): string | null {
  if (path.endsWith('.S')) return `${path} is assembler.`;
  if (path.startsWith('lib/')) return `${path} is in lib/.`;
  if (/\/vdso\//.test(path)) return `${path} is part of the vDSO.`;
  return /\/realmode\/rm\//.test(path) ? `${path} is real-mode code.` : null;
}
