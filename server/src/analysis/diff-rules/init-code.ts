import { lineRange } from './diff-code.ts';
import type { DiffRule } from './diff-rule.ts';

export const rule: DiffRule = {
  id: 'diff-init-code',
  severity: 'warning',
  severityReason: 'The fix does not take effect, unless a module is loaded only later.',
  summary: 'Changes an __init or __exit function.',
  kernel:
    '__init code has run when the kernel was booted or the module was loaded, and is freed then. __exit functions are notrace, so that ftrace cannot hook them (include/linux/init.h).',
  evidence: 'kernel source',
  check(code) {
    return code.files.flatMap(({ hunks }) =>
      hunks
        .flatMap(({ changed }) => changed)
        .flatMap(({ scope, line, old: before, new: after }) => {
          const section = /\b__(init|exit)\b/.exec(scope.declaration)?.[1];
          if (scope.kind !== 'function' || section === undefined) return [];
          // A function that becomes or ceases to be __init is moved on purpose.
          const stays = [before, after].every(
            ([first]) => first?.scope?.declaration.includes(`__${section}`) !== false,
          );
          if (!stays) return [];
          const effect =
            section === 'init' ? 'It has run already and is not run again.' : 'ftrace cannot hook __exit functions.';
          return [{ range: lineRange(code, line), message: `${scope.name}() is __${section}. ${effect}` }];
        }),
    );
  },
};
