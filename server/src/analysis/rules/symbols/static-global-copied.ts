import type { Rule, RuleFinding } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { runAsReplacements } from '../queries.ts';
import { sourceText, targets } from '../targets.ts';

export const rule: Rule = {
  id: 'static-global-copied',
  severity: 'information',
  severityReason: 'Two variables may have one name by chance.',
  group: 'symbols',
  needs: 'symbols',
  summary: 'A replacement uses a variable of the module that has the name of one in the patched object.',
  kernel: {
    outcome: 'accepted',
    text: 'The module’s variable is another one, with its own value. The rest of the kernel goes on using the original.',
    evidence: 'kernel source',
  },
  explanation:
    'When a function is copied together with the `static` variables of its file, the copies begin with their initial values, ' +
    'and nothing that the rest of the kernel writes to the originals arrives. A lock protects nothing any more. Refer to the ' +
    'original by a livepatch relocation.',
  examples: {
    bad: [
      {
        title: 'A variable of the timekeeping code, copied along',
        code: exampleModule({
          functions: `
static long time_adjust; //~

static int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	seq_printf(m, "0.00 0.00 %ld\\n", ++time_adjust);
	return 0;
}`,
        }),
      },
    ],
    good: [
      {
        title: 'A variable of the patch’s own',
        code: exampleModule({
          functions: `
static unsigned int uptime_fix_reads;

static int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	seq_printf(m, "0.00 0.00 %u\\n", ++uptime_fix_reads);
	return 0;
}`,
        }),
      },
    ],
  },
  check(module, { knowledge }) {
    if (!knowledge) return [];
    const objects = [...new Set(targets(module).map(({ objectName }) => objectName))];
    const named = module.variables.filter(({ name, type, storage, conditions }) => {
      // Short names such as "lock" are shared by chance.
      if (!name.includes('_') || /\bklp_/.test(type) || conditions.length > 0) return false;
      if (storage.const || storage.extern || storage.automatic || !storage.static) return false;
      return objects.some((object) => knowledge.lookup(name, object).some(({ kind }) => kind === 'data'));
    });
    if (named.length === 0) return [];
    const used = new Set(runAsReplacements(module).flatMap(({ uses }) => uses));
    return named
      .filter(({ name }) => used.has(name))
      .map(
        ({ name, nameRange }): RuleFinding => ({
          range: nameRange,
          message: `The kernel has a variable "${name}", too (${sourceText(knowledge)}). This one is a second one: what the rest of the kernel keeps in its own does not arrive here.`,
        }),
      );
  },
};
