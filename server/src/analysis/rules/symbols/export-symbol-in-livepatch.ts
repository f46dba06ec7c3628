import type { LivepatchModule, SourceRange } from '../../../../../shared/src/model/index.ts';
import type { Rule, RuleFinding } from '../../rule.ts';
import { withoutCommentsAndStrings } from '../c-text.ts';
import { removeText } from '../edits.ts';
import { exampleModule } from '../example-module.ts';
import { certainty, sourceText } from '../targets.ts';

const EXPORT = /^[ \t]*EXPORT_SYMBOL(?:_GPL)?\s*\(\s*(\w+)\s*\)\s*;/gm;

const FUNCTION = `
int seq_puts_twice(struct seq_file *m, const char *text);

int seq_puts_twice(struct seq_file *m, const char *text)
{
	seq_puts(m, text);
	seq_puts(m, text);
	return 0;
}`;

const REPLACEMENT = `
static int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "0.00 0.00\\n");
	return 0;
}
`;

export const rule: Rule = {
  id: 'export-symbol-in-livepatch',
  severity: 'error',
  severityReason: 'The module cannot be built. Where only the built-in reference kernel is known, a warning.',
  group: 'symbols',
  needs: 'symbols',
  summary: 'The module exports a name that the kernel exports already.',
  kernel: {
    outcome: 'build-error',
    log: "'single_open' exported twice",
    text: 'modpost stops; the loader refuses such a module too.',
    evidence: 'built on 6.1 and 6.12',
  },
  explanation:
    'An `EXPORT_SYMBOL()` that was copied along with a function makes a second export of that name. Leave it out: users of ' +
    'the export go on calling the original’s address, and livepatch leads them to the replacement.',
  examples: {
    bad: [
      {
        title: 'An export that was copied along',
        code: exampleModule({
          functions: `${REPLACEMENT}
int single_open(struct file *file, int (*show)(struct seq_file *m, void *v), void *data)
{
	return -EPERM;
}
EXPORT_SYMBOL(single_open); //~`,
        }),
      },
    ],
    good: [
      {
        title: 'An export of the module’s own',
        code: exampleModule({ functions: `${REPLACEMENT}${FUNCTION}\nEXPORT_SYMBOL_GPL(seq_puts_twice);` }),
      },
    ],
  },
  check(module, { knowledge }) {
    if (!knowledge || module.role !== 'livepatch') return [];
    return exportsOf(module).flatMap(({ name, range }): RuleFinding[] => {
      const owner = knowledge.everywhere(name).find(({ exported }) => exported === 'yes' || exported === 'gpl');
      if (!owner) return [];
      return [
        {
          range,
          message: `${owner.module === null ? 'The kernel' : `Module "${owner.module}"`} exports "${name}" already (${sourceText(knowledge)}): modpost stops the build.`,
          fixes: [{ title: 'Take the export out', safety: 'suggestion', edits: [removeText(module, range)] }],
          ...certainty(knowledge),
        },
      ];
    });
  },
};

function exportsOf(module: LivepatchModule): { name: string; range: SourceRange }[] {
  return module.files.flatMap(({ file, text }) => {
    if (!text.includes('EXPORT_SYMBOL')) return [];
    return [...withoutCommentsAndStrings(text).matchAll(EXPORT)].map((match) => {
      const start = match.index + (/^[ \t]*/.exec(match[0])?.[0].length ?? 0);
      return { name: match[1] ?? '', range: { file, start, end: match.index + match[0].length } };
    });
  });
}
