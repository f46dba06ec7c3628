import type { Rule, RuleFinding } from '../../rule.ts';
import { removeEntry } from '../edits.ts';
import { exampleModule } from '../example-module.ts';
import { type Target, targets } from '../targets.ts';
import { SYSCALLS_WITHOUT_ARGUMENTS } from './named-targets.ts';

const REPLACEMENT = `
static long fixed_getpid(const struct pt_regs *regs)
{
	return 1;
}`;

export const rule: Rule = {
  id: 'two-entries-one-address',
  severity: 'error',
  severityReason: 'The kernel takes it, and then the transition hangs.',
  group: 'functions',
  summary: 'Two entries name one function: a system call without arguments has several names.',
  since: { major: 4, minor: 17 },
  kernel: {
    outcome: 'hazard',
    text: 'Every check passes. The later entry hides the earlier one, and in most runs the transition does not end: the function on top is always on the way to being switched.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'On x86-64 `__x64_sys_getpid`, `__ia32_sys_getpid` and `__do_sys_getpid` are three names of one address, because the ' +
    'system call takes no arguments. One entry replaces it for all programs. Calls with arguments are different: there ' +
    '`__x64_sys_NAME` and `__ia32_sys_NAME` are two functions, and both have to be replaced.',
  examples: {
    bad: [
      {
        title: 'Meant for 64-bit and 32-bit programs',
        code: exampleModule({
          functions: REPLACEMENT,
          funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "__x64_sys_getpid",
		.new_func = fixed_getpid,
	},
	{
		.old_name = "__ia32_sys_getpid", //~
		.new_func = fixed_getpid,
	},
	{ }
};`,
        }),
      },
    ],
    good: [
      {
        title: 'One name is enough',
        code: exampleModule({
          functions: REPLACEMENT,
          funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "__x64_sys_getpid",
		.new_func = fixed_getpid,
	},
	{ }
};`,
        }),
      },
    ],
  },
  check(module) {
    const first = new Map<string, Target>();
    return targets(module).flatMap((target): RuleFinding[] => {
      const call = /^__(?:x64|ia32|do)_sys_(\w+)$/.exec(target.name)?.[1];
      if (call === undefined || target.objectName !== null || !SYSCALLS_WITHOUT_ARGUMENTS.has(call)) return [];
      const other = first.get(call);
      if (!other) first.set(call, target);
      // The same name twice is for duplicate-func-entry.
      if (!other || other.name === target.name) return [];
      return [
        {
          range: target.range,
          message: `${target.name}() and ${other.name}() are one function on x86-64: the call takes no arguments. The transition then hangs in most runs.`,
          related: [{ range: other.range, message: 'It is replaced here already.' }],
          fixes: [
            {
              title: 'Take this entry out',
              safety: 'suggestion',
              edits: [removeEntry(module, target.func.range)],
            },
          ],
        },
      ];
    });
  },
};
