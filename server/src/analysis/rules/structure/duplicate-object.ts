import { areExclusive, type KlpObject } from '../../../../../shared/src/model/index.ts';
import type { Rule, RuleFinding } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { entryLabel, isNull, isUnnamed, objectLabel, seenEntries } from '../tables.ts';

export const rule: Rule = {
  id: 'duplicate-object',
  severity: 'error',
  severityReason: 'The module does not load.',
  group: 'structure',
  summary: 'An object stands twice in one patch.',
  kernel: {
    outcome: 'rejected',
    errno: 'EEXIST',
    log: 'kobject_add_internal failed for vmlinux with -EEXIST',
    text: 'The second entry wants the same sysfs directory as the first; klp_enable_patch() returns -EEXIST.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'Each object has a directory in sysfs that is called after it; two objects without a name are both `vmlinux`. The ' +
    'kernel refuses a patch that wants one directory twice. Put the functions of both into one array.',
  examples: {
    bad: [
      {
        title: 'vmlinux twice',
        code: exampleModule({
          more: `
static int fixed_loadavg_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "0.00 0.00 0.00 1/1 1\\n");
	return 0;
}`,
          objs: `
static struct klp_func more_funcs[] = {
	{
		.old_name = "loadavg_proc_show",
		.new_func = fixed_loadavg_proc_show,
	},
	{ }
};

static struct klp_object objs[] = {
	{
		.funcs = funcs,
	},
	{
		.funcs = more_funcs, //~
	},
	{ }
};`,
        }),
      },
    ],
    good: [{ title: 'Once', code: exampleModule({}) }],
  },
  check(module) {
    return module.objectTables.flatMap((table) => {
      const before: KlpObject[] = [];
      const findings: RuleFinding[] = [];
      for (const object of seenEntries(table)) {
        // Without name and functions it is the end of the array, which is another rule's finding.
        if (isUnnamed(object) && isNull(object.funcs)) break;
        const first = before.find((other) => isSameObject(other, object));
        if (first) {
          findings.push({
            range: object.name.kind === 'known' ? object.name.range : entryLabel(object),
            message:
              `${isUnnamed(object) ? 'A second object without a name, so a second vmlinux' : `Object ${objectLabel(object)} stands twice in this patch`}. ` +
              'klp_enable_patch() returns -EEXIST.',
            related: [
              { range: first.name.kind === 'known' ? first.name.range : entryLabel(first), message: 'The first one' },
            ],
          });
        }
        before.push(object);
      }
      return findings;
    });
  },
};

function isSameObject(a: KlpObject, b: KlpObject): boolean {
  if (areExclusive(a.conditions, b.conditions)) return false;
  if (isUnnamed(a) && isUnnamed(b)) return true;
  return a.name.kind === 'known' && b.name.kind === 'known' && a.name.value !== null && a.name.value === b.name.value;
}
