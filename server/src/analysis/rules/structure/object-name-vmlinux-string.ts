import type { Rule } from '../../rule.ts';
import { removeField } from '../edits.ts';
import { exampleModule } from '../example-module.ts';

export const rule: Rule = {
  id: 'object-name-vmlinux-string',
  severity: 'error',
  severityReason: 'The object is never patched, and nothing says so.',
  group: 'structure',
  summary: 'An object is named "vmlinux".',
  kernel: {
    outcome: 'ignored',
    text: 'The kernel waits for a module called vmlinux, which never loads; it accepts the patch and reports nothing.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'An object without a name stands for the kernel itself. A name, even `"vmlinux"`, stands for the module of that ' +
    'name. No module can be called so, and the object waits for it forever: the patch loads, the transition ' +
    'completes, and the functions keep their old code. Leave the name out.',
  examples: {
    bad: [
      {
        title: 'The kernel by name',
        code: exampleModule({
          objs: `
static struct klp_object objs[] = {
	{
		.name = "vmlinux", //~
		.funcs = funcs,
	},
	{ }
};`,
        }),
      },
    ],
    good: [{ title: 'No name', code: exampleModule({}) }],
  },
  check(module) {
    return module.objectTables.flatMap(({ entries }) =>
      entries.flatMap((entry) => {
        if (entry.name.kind !== 'known' || entry.name.value !== 'vmlinux') return [];
        const field = entry.fields.find(({ name }) => name === 'name');
        return [
          {
            range: entry.name.range,
            message:
              'A name stands for a module, and no module is called "vmlinux". The kernel accepts the patch silently ' +
              'and never applies this object.',
            fixes:
              field && !field.positional
                ? [
                    {
                      title: 'Remove the name: no name means vmlinux',
                      safety: 'safe' as const,
                      edits: [removeField(module, field.nameRange, field.valueRange)],
                    },
                  ]
                : [],
          },
        ];
      }),
    );
  },
};
