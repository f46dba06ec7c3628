import type { Rule } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { inSection } from './section-attribute.ts';

export const rule: Rule = {
  id: 'exit-section-new-func',
  severity: 'warning',
  severityReason: 'It works on kernels that can unload modules and crashes on those that cannot.',
  group: 'functions',
  summary: 'A replacement or a callback is marked __exit.',
  kernel: {
    outcome: 'hazard',
    text: 'With CONFIG_MODULE_UNLOAD the section stays in memory. Without it the loader frees it like init memory.',
    evidence: 'kernel source',
  },
  explanation:
    '`__exit` says that a function is needed only while the module is being removed. A kernel without ' +
    '`CONFIG_MODULE_UNLOAD` puts such functions into the memory that it frees after the module’s init function. ' +
    'modpost warns of a section mismatch.',
  examples: {
    bad: [
      {
        title: 'A replacement marked __exit',
        code: exampleModule({
          functions: `
static int __exit fixed_uptime_proc_show(struct seq_file *m, void *v) //~
{
	seq_puts(m, "0.00 0.00\\n");
	return 0;
}`,
        }),
      },
    ],
    good: [{ title: 'Only the module’s own exit function is marked', code: exampleModule({}) }],
  },
  check(module) {
    return inSection(
      module,
      ['__exit'],
      (what, name) =>
        `The ${what} ${name}() is marked __exit. A kernel without CONFIG_MODULE_UNLOAD frees it after the module's init.`,
    );
  },
};
