import type { Rule, RuleFinding } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { removeWord, replacements, wordInHead } from '../queries.ts';

const WORDS = ['__always_inline', 'inline', '__inline__', '__inline'];

export const rule: Rule = {
  id: 'new-func-inline',
  severity: 'information',
  severityReason: 'It works: taking the address makes the compiler emit the function all the same.',
  group: 'functions',
  summary: 'A replacement is declared inline.',
  kernel: {
    outcome: 'accepted',
    text: 'The kernel gets the address of a copy that the compiler makes for the table. Callers in the module may have another, inlined one.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'The table takes the address of the replacement, so the compiler has to make a real function of it whatever ' +
    '`inline` says. Where the module calls the function itself, the code is there a second time, and tracing one of the ' +
    'two shows half of the calls. A plain `static` function says what is meant.',
  examples: {
    bad: [
      {
        title: 'An inline replacement',
        code: exampleModule({
          functions: `
static inline int fixed_uptime_proc_show(struct seq_file *m, void *v) //~
{
	seq_puts(m, "0.00 0.00\\n");
	return 0;
}`,
        }),
      },
    ],
    good: [{ title: 'A plain static function', code: exampleModule({}) }],
  },
  check(module) {
    const seen = new Set<string>();
    return replacements(module).flatMap(({ reference, definitions }) =>
      definitions.flatMap((definition): RuleFinding[] => {
        if (!definition.inline) return [];
        const word = WORDS.map((candidate) => wordInHead(module, definition, candidate)).find(
          (found) => found !== null,
        );
        if (!word || seen.has(`${word.file}:${word.start}`)) return [];
        seen.add(`${word.file}:${word.start}`);
        return [
          {
            range: word,
            message: `The replacement ${definition.name}() is declared inline. The table needs its address, so the compiler emits it anyway.`,
            related: [{ range: reference.range, message: 'Its address is taken here.' }],
            fixes: [
              {
                title: 'Remove inline',
                safety: 'safe',
                edits: [removeWord(module, word)],
              },
            ],
          },
        ];
      }),
    );
  },
};
