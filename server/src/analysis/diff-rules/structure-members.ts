import { lineRange } from './diff-code.ts';
import type { DiffRule } from './diff-rule.ts';

export const rule: DiffRule = {
  id: 'diff-structure-members',
  severity: 'warning',
  severityReason: 'Whether objects with the old layout are there, and whether both codes see them, is not in the diff.',
  summary: 'Changes the members of a structure or union.',
  kernel:
    'Objects that the running kernel has made keep the old layout, and code that is not patched goes on using it. A shadow variable adds data to an object without that (Documentation/livepatch/shadow-vars.rst).',
  evidence: 'documentation',
  check(code) {
    return code.files.flatMap(({ hunks }) =>
      hunks
        .flatMap(({ changed }) => changed)
        .flatMap(({ scope, line }) => {
          if (scope.kind !== 'structure') return [];
          const union = /\bunion\b/.test(scope.declaration);
          const type = `${union ? 'union' : 'struct'} ${scope.name}`.trim();
          return [
            {
              range: lineRange(code, line),
              message: `The members of ${type} change. Objects that are there already keep the old layout.`,
            },
          ];
        }),
    );
  },
};
