import type { Rule, RuleFinding, TargetKernel } from '../../rule.ts';
import { exampleModule, exampleReplacing } from '../example-module.ts';
import { inSource, symbolsDecide } from '../source-functions.ts';
import { certainty, objectText, sourceText, symbolOf, type Target, targets } from '../targets.ts';

export const rule: Rule = {
  id: 'init-target',
  severity: 'error',
  severityReason:
    'The kernel refuses it, or it has no effect. Where only the built-in reference kernel is known, a warning.',
  group: 'symbols',
  needs: 'symbols',
  summary: 'The function is __init: it has run, and its memory is freed.',
  kernel: {
    outcome: 'rejected',
    errno: 'EINVAL',
    log: "livepatch: failed to find location for function 'proc_uptime_init'",
    text: 'insmod fails with EINVAL. In a module that is loaded the symbol is gone; in one that comes later the function is replaced once, while the module starts.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    '`__init` code runs once, when the kernel boots or a module is loaded, and is freed then. To replace it changes nothing any ' +
    'more. Change what it has set up: in a `post_patch` callback, with the old state put back in `pre_unpatch`.',
  examples: {
    bad: [
      {
        title: 'A function that ran at boot',
        code: exampleReplacing('proc_uptime_init', 'fixed_proc_uptime_init', {
          marked: true,
          functions: `
static int fixed_proc_uptime_init(void)
{
	return 0;
}`,
        }),
      },
    ],
    good: [{ title: 'A function that runs at each read', code: exampleModule({}) }],
  },
  check(module, kernel) {
    return targets(module).flatMap((target): RuleFinding[] => {
      const { name, objectName, range } = target;
      const place = placeInSource(kernel, target);
      if (place !== null) {
        return [
          {
            range,
            severity: 'warning',
            message: `${name}() is __init in the kernel's source (${place}): it has run, and its memory is freed. insmod fails with EINVAL.`,
          },
        ];
      }
      const { knowledge } = kernel;
      const symbol = knowledge && symbolOf(knowledge, target);
      if (!knowledge || symbol?.kind !== 'function' || symbol.init !== true) return [];
      return [
        {
          range,
          message: `${name}() of ${objectText(objectName)} is __init (${sourceText(knowledge)}): it has run, and its memory is freed. insmod fails with EINVAL.`,
          ...certainty(knowledge),
        },
      ];
    });
  },
};

/** Where the source says that it is `__init`; null when it does not, or the kernel's own symbols say better. */
function placeInSource(kernel: TargetKernel, target: Target): string | null {
  const source = symbolsDecide(kernel, target) ? null : inSource(kernel, target);
  return source?.attributes.includes('__init') ? source.place : null;
}
