import type { LivepatchModule } from '../../../../../shared/src/model/index.ts';
import type { Rule, RuleFinding } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { escapeRegExp } from '../mentions.ts';
import { type CallIn, callsOf } from '../queries.ts';
import { certainty, sourceText } from '../targets.ts';
import { calledKernelNames } from './kernel-names.ts';

/** What jumps by a static key (include/linux/jump_label.h), and what calls by a static call (include/linux/static_call.h). */
const BY_KEY = ['static_branch_likely', 'static_branch_unlikely', 'static_key_enabled', 'static_key_false'];
const BY_CALL = ['static_call', 'static_call_cond'];

export const rule: Rule = {
  id: 'unexported-tracepoint-or-key',
  severity: 'error',
  severityReason: 'The module cannot be built. Where only the built-in reference kernel is known, a warning.',
  group: 'symbols',
  needs: 'symbols',
  summary: 'A tracepoint, static call or static key is used that the kernel does not export.',
  kernel: {
    outcome: 'build-error',
    log: 'undefined!',
    text: 'The inline function behind it refers to a variable of the kernel, and modpost stops at that.',
    evidence: 'built on 6.1 and 6.12',
  },
  explanation:
    'A copied function may look as if it called nothing: `trace_NAME()`, `static_call()` and `static_branch_unlikely()` become a jump in ' +
    'place. Behind it are `__tracepoint_NAME`, `__SCK__NAME` or the key, and few of them are exported. A livepatch relocation does not ' +
    'help for keys of a module: the jump is set up before the relocation is applied. Leave the tracepoint out; ask ' +
    '`static_key_enabled()` of a relocated key; call the function that the static call leads to.',
  examples: {
    bad: [
      {
        title: 'A tracepoint of the scheduler',
        code: exampleModule({
          includes: '#include <trace/events/sched.h>',
          functions: `
static int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	trace_sched_process_free(current); //~
	seq_puts(m, "0.00 0.00\\n");
	return 0;
}`,
        }),
      },
      {
        title: 'A static key of the scheduler',
        code: exampleModule({
          includes: '#include <linux/jump_label.h>\n\nDECLARE_STATIC_KEY_FALSE(sched_schedstats);',
          functions: `
static int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	if (static_branch_unlikely(&sched_schedstats)) //~
		seq_puts(m, "1.00 1.00\\n");
	return 0;
}`,
        }),
      },
    ],
    good: [
      {
        title: 'A key that is exported',
        code: exampleModule({
          includes: '#include <linux/sched/isolation.h>',
          functions: `
static int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	if (static_branch_unlikely(&housekeeping_overridden))
		seq_puts(m, "1.00 1.00\\n");
	return 0;
}`,
        }),
      },
    ],
  },
  check(module, { knowledge }) {
    if (!knowledge || module.role !== 'livepatch') return [];
    return usesOf(module).flatMap(({ what, symbol, at }): RuleFinding[] => {
      const symbols = knowledge.everywhere(symbol);
      if (symbols.length === 0 || symbols.some(({ exported }) => exported !== 'no')) return [];
      if (at.call.conditions.length > 0 || at.inFunction.conditions.length > 0) return [];
      return [
        {
          range: at.call.calleeRange,
          message: `This refers to ${what}, "${symbol}", which is not exported (${sourceText(knowledge)}): modpost stops the build.`,
          ...certainty(knowledge),
        },
      ];
    });
  },
};

interface Use {
  readonly what: string;
  /** The variable behind it. */
  readonly symbol: string;
  readonly at: CallIn;
}

function usesOf(module: LivepatchModule): Use[] {
  const tracepoints = calledKernelNames(module).flatMap((name): Use[] => {
    const tracepoint = /^trace_(\w+)$/.exec(name)?.[1];
    const [at] = tracepoint === undefined ? [] : callsOf(module, name);
    return at ? [{ what: 'a tracepoint', symbol: `__tracepoint_${tracepoint}`, at }] : [];
  });
  const keys = BY_KEY.flatMap((name) =>
    callsOf(module, name).flatMap((at): Use[] => {
      const key = /^&\s*(\w+)$/.exec(at.call.arguments[0]?.text ?? '')?.[1];
      return key === undefined || definesKey(module, key) ? [] : [{ what: 'a static key', symbol: key, at }];
    }),
  );
  const calls = BY_CALL.flatMap((name) =>
    callsOf(module, name).flatMap((at): Use[] => {
      const key = /^(\w+)$/.exec(at.call.arguments[0]?.text ?? '')?.[1];
      return key === undefined ? [] : [{ what: 'a static call', symbol: `__SCK__${key}`, at }];
    }),
  );
  return [...tracepoints, ...keys, ...calls];
}

function definesKey(module: LivepatchModule, key: string): boolean {
  if (module.variables.some(({ name, storage }) => name === key && !storage.extern)) return true;
  const definition = new RegExp(`\\bDEFINE_STATIC_KEY\\w*\\s*\\(\\s*${escapeRegExp(key)}\\b`);
  return module.files.some(({ text }) => definition.test(text));
}
