import { changedTokens, lineRange } from './diff-code.ts';
import type { DiffRule } from './diff-rule.ts';

/** Where most code can be built as a module. */
const MAY_BE_MODULE = /^(?:drivers|net|fs|sound|crypto)\//;

export const rule: DiffRule = {
  id: 'diff-jump-label',
  severity: 'information',
  severityReason: 'It only fails for keys that belong to a module, and the diff does not show whose they are.',
  summary: 'Adds a static branch, static call or tracepoint to code that may be a module.',
  kernel:
    'The livepatch module then has a jump label or static call whose key may be in another module, and that cannot be fixed up while that module is not loaded. static_key_enabled() reads a key without a jump label; KLP_STATIC_CALL() (klp-build) and KPATCH_STATIC_CALL() (kpatch-build) call without a static call.',
  evidence: 'documentation',
  check(code) {
    return code.files
      .filter(({ file }) => MAY_BE_MODULE.test(file.path))
      .flatMap(({ hunks }) =>
        hunks.flatMap((hunk) => {
          const before = new Set(hunk.old.map(({ token }) => token.text));
          const added = changedTokens(hunk.new);
          return added.flatMap(({ token, line, scope, head }, index) => {
            const what = kindOf(token.text);
            if (what === null || scope?.kind !== 'function' || head) return [];
            // A line that only moves or gets another argument adds none.
            if (added[index + 1]?.token.text !== '(' || before.has(token.text)) return [];
            return [
              {
                range: lineRange(code, line),
                message: `${token.text}() is ${what}. If its key belongs to a module, it may be that the livepatch cannot be built or loaded, or that the branch stays as it is.`,
              },
            ];
          });
        }),
      );
  },
};

function kindOf(name: string): string | null {
  if (/^static_branch_(?:un)?likely$|^static_key_(?:true|false)$/.test(name)) return 'a jump label';
  if (/^static_call(?:_cond|_mod)?$/.test(name)) return 'a static call';
  if (/^(?:pr_debug|dev_dbg|netdev_dbg)$/.test(name)) return 'a jump label under dynamic debug';
  // trace_printk() and the helpers of the tracing code are functions.
  return /^trace_(?!printk|puts|seq_|array_|event_|print_|buffer_|parser_|find_|set_|get_|is_|clock)\w+$/.test(name)
    ? 'a tracepoint, as its name says'
    : null;
}
