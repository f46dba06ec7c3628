import type { KernelKnowledge } from '../../kernel/knowledge.ts';
import { knowledgeFrom } from '../../kernel/knowledge-from.ts';

/**
 * The symbols that the examples name, as Linux 6.12 has them: `type name` or `type name module`, in the order in which
 * positions count. Functions whose type letter is followed by `!` cannot be hooked by ftrace.
 */
const SYMBOLS = `
t uptime_proc_show
t cmdline_proc_show
t loadavg_proc_show
T single_open
T seq_puts
T schedule
t! __schedule
t! proc_uptime_init
t! __pfx_uptime_proc_show
t do_sysinfo.isra.0
t! do_sysinfo.isra.0.cold
T! __x64_sys_getpid
T! __ia32_sys_getpid
t __do_sys_getpid
T __x64_sys_newuname
T __ia32_sys_newuname
t __do_sys_newuname
t m_show
t m_show
t verbose
b verbose
D init_uts_ns
t loop_configure loop
t lo_open loop
`;

/** A kernel of a few symbols for the examples of rules that need to know some, and for their tests. */
export const EXAMPLE_KERNEL: KernelKnowledge = exampleKernel(SYMBOLS);

/** Makes such a kernel of a list of symbols. */
export function exampleKernel(symbols: string, reference = false): KernelKnowledge {
  const lines = symbols
    .trim()
    .split('\n')
    .map((line) => {
      const [type = '', name = '', module] = line.trim().split(' ');
      return { type: type.slice(0, 1), traceable: !type.endsWith('!'), name, of: module ? `\t[${module}]` : '' };
    });
  const functions = lines.filter(({ type, traceable }) => traceable && /[tw]/i.test(type));
  const { knowledge } = knowledgeFrom({
    label: reference ? 'built-in reference kernel, Linux 6.12' : 'kallsyms of Linux 6.12',
    reference,
    kallsyms: lines.map(({ type, name, of }) => `0000000000000000 ${type} ${name}${of}\n`).join(''),
    filterFunctions: functions.map(({ name, of }) => `${name}${of.replace('\t', ' ')}\n`).join(''),
  });
  if (!knowledge) throw new Error('the example kernel has no symbols');
  return knowledge;
}
