import type { DiffRule } from './diff-rule.ts';
import { addedOrRemovedCalls } from './macro-calls.ts';

export const rule: DiffRule = {
  id: 'diff-exported-symbol',
  severity: 'warning',
  severityReason: 'The change has no effect or is refused, but the diff does not show what else exports the name.',
  summary: 'Adds, removes or changes an EXPORT_SYMBOL.',
  kernel:
    'The export tables of what is loaded do not change. A module that exports a name which the kernel exports is refused: "exports duplicate symbol" (kernel/module/main.c).',
  evidence: 'kernel source',
  check(code) {
    return addedOrRemovedCalls(code, /^EXPORT_(?:PER_CPU_)?SYMBOL\w*$/).map(({ range, macro, argument, change }) => ({
      range,
      message:
        change === 'added'
          ? `${macro}(${argument}) is new. A livepatch cannot add to the exports of the kernel or of a module.`
          : `${macro}(${argument}) is taken away. The running kernel goes on exporting it.`,
    }));
  },
};
