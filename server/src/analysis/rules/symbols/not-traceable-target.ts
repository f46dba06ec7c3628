import type { KernelKnowledge } from '../../../kernel/knowledge.ts';
import type { Rule, RuleFinding, TargetKernel } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { inSource, symbolsDecide, untracedWord } from '../source-functions.ts';
import { certainty, objectText, sourceText, symbolOf, type Target, targets } from '../targets.ts';

export const rule: Rule = {
  id: 'not-traceable-target',
  severity: 'error',
  severityReason: 'The kernel always refuses it. Where only the built-in reference kernel is known, a warning.',
  group: 'symbols',
  needs: 'symbols',
  summary: 'ftrace cannot hook the function, so it cannot be replaced.',
  kernel: {
    outcome: 'rejected',
    errno: 'EINVAL',
    log: "livepatch: failed to find location for function '__schedule'",
    text: 'The symbol is found, but has no call to ftrace at its start: insmod fails with EINVAL.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'Livepatch redirects the call to ftrace with which the compiler begins each function. Some functions have none: those ' +
    'marked `notrace` or `noinstr`, and `__kprobes` on newer kernels; `__init` functions, whose code is gone; assembler code; and whole ' +
    'files that are built without it (`kernel/trace`, early boot code, parts of `lib`). ' +
    '`/sys/kernel/tracing/available_filter_functions` lists what can be hooked. Replace the callers of such a function.',
  examples: {
    bad: [
      {
        title: 'A notrace function',
        code: exampleModule({
          functions: `
static void fixed_schedule(unsigned int sched_mode)
{
}`,
          funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "__schedule", //~
		.new_func = fixed_schedule,
	},
	{ }
};`,
        }),
      },
    ],
    good: [{ title: 'An ordinary function', code: exampleModule({}) }],
  },
  check(module, kernel) {
    return targets(module).flatMap(
      (target): RuleFinding[] => inSourceText(kernel, target) ?? inSymbols(kernel, target),
    );
  },
};

/** What the source says, where the kernel's own symbols don't say it better. */
function inSourceText(kernel: TargetKernel, target: Target): RuleFinding[] | null {
  const source = symbolsDecide(kernel, target) ? null : inSource(kernel, target);
  const word = source && untracedWord(source);
  if (!source || !word) return null;
  return [
    {
      range: target.range,
      severity: 'warning',
      message: `${target.name}() is ${word} in the kernel's source (${source.place}): ftrace cannot hook it, and insmod fails with EINVAL. Replace its callers instead.`,
    },
  ];
}

function inSymbols({ knowledge }: TargetKernel, target: Target): RuleFinding[] {
  if (!knowledge) return [];
  const { name, objectName, range } = target;
  const symbol = symbolOf(knowledge, target);
  if (symbol?.kind !== 'function' || symbol.traceable !== false) return [];
  // init-target says more of these.
  if (symbol.init === true) return [];
  if (isReportedByItsName(name) || hasTraceableAlias(knowledge, target)) return [];
  return [
    {
      range,
      message: `ftrace cannot hook ${name}() of ${objectText(objectName)} (${sourceText(knowledge)}): insmod fails with EINVAL. Replace its callers instead.`,
      ...certainty(knowledge),
    },
  ];
}

/** cold-part-target and pfx-cfi-target say more of these. */
function isReportedByItsName(name: string): boolean {
  return /\.cold(?:\.\d+)?$|^__(?:pfx|cfi)_/.test(name);
}

/**
 * A system call without arguments has several names for one address, and available_filter_functions lists one of them:
 * SYSCALL_DEFINE0 of arch/x86/include/asm/syscall_wrapper.h makes aliases of `__do_sys_NAME`.
 */
function hasTraceableAlias(knowledge: KernelKnowledge, { name, objectName }: Target): boolean {
  const call = /^__(?:x64|ia32|do)_sys_(\w+)$/.exec(name)?.[1];
  return ['__do_sys_', '__x64_sys_', '__ia32_sys_'].some((prefix) =>
    knowledge.lookup(`${prefix}${call}`, objectName).some(({ traceable }) => traceable !== false),
  );
}
