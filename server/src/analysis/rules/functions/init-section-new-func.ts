import type { Rule } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { inSection } from './section-attribute.ts';

export const rule: Rule = {
  id: 'init-section-new-func',
  severity: 'error',
  severityReason: 'The kernel runs freed memory.',
  group: 'functions',
  summary: 'A replacement or a callback is marked __init.',
  kernel: {
    outcome: 'crash',
    text: 'The memory of the function is freed once the module is loaded, and the kernel still jumps there. It crashes, at the latest when the memory is used for something else.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    '`__init` puts a function into a section that the kernel frees as soon as the module’s init function has ' +
    'returned. A replacement is called after that, and so are callbacks: on disabling, and whenever a module that the ' +
    'patch is for is loaded. insmod succeeds, the first calls may still find the old code there, and sooner or later one runs whatever has taken the place.',
  examples: {
    bad: [
      {
        title: 'A replacement marked __init',
        code: exampleModule({
          functions: `
static int __init fixed_uptime_proc_show(struct seq_file *m, void *v) //~
{
	seq_puts(m, "0.00 0.00\\n");
	return 0;
}`,
        }),
      },
    ],
    good: [{ title: 'Only the module’s own init function is marked', code: exampleModule({}) }],
  },
  check(module) {
    return inSection(
      module,
      ['__init'],
      (what, name, attribute) =>
        `The ${what} ${name}() is marked ${attribute}. Its memory is freed once the module is loaded, and a later call crashes the kernel.`,
    );
  },
};
