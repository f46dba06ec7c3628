import type { DiffRule } from './diff-rule.ts';
import { addedOrRemovedCalls } from './macro-calls.ts';

const INITCALL =
  /^(?:module_init|(?:early|pure|core|postcore|arch|subsys|fs|rootfs|device|late)_initcall(?:_sync)?|console_initcall)$/;

export const rule: DiffRule = {
  id: 'diff-initcall',
  severity: 'warning',
  severityReason: 'The change does not take effect, unless a module is loaded only later.',
  summary: 'Adds or removes an initcall.',
  kernel:
    'Initcalls run while the kernel boots, those of a module when it is loaded (init/main.c, kernel/module/main.c).',
  evidence: 'kernel source',
  check(code) {
    return addedOrRemovedCalls(code, INITCALL).map(({ range, macro, argument, change }) => ({
      range,
      message:
        change === 'added'
          ? `The initcall of ${argument} is new. Initcalls have run when a livepatch is loaded; a pre_patch or post_patch callback can do the work.`
          : `The initcall of ${argument} is taken away (${macro}). It has run already.`,
    }));
  },
};
