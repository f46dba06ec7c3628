import type { LivepatchModule } from '../../../../../shared/src/model/index.ts';
import type { Fix, Rule, RuleFinding } from '../../rule.ts';
import { addField, removeField } from '../edits.ts';
import { exampleModule } from '../example-module.ts';
import { replaceString, seenEntries } from '../tables.ts';
import { certainty, objectText, sourceText, type Target, targets } from '../targets.ts';

const REPLACEMENT = `
static int fixed_loop_configure(void *lo, unsigned int mode, void *bdev, const void *config)
{
	return -EPERM;
}`;

const FUNCS = `
static struct klp_func funcs[] = {
	{
		.old_name = "loop_configure",
		.new_func = fixed_loop_configure,
	},
	{ }
};`;

export const rule: Rule = {
  id: 'func-in-wrong-object',
  severity: 'error',
  severityReason: 'The kernel always refuses it. Where only the built-in reference kernel is known, a warning.',
  group: 'symbols',
  needs: 'symbols',
  summary: 'The function is not in this object, but in another.',
  kernel: {
    outcome: 'rejected',
    errno: 'EINVAL',
    log: "livepatch: symbol 'loop_configure' not found in symbol table",
    text: 'The kernel looks in the named object only: insmod fails with EINVAL. When the object is a module that comes later, that module is refused.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'Each `klp_object` stands for vmlinux (without `.name`) or for one module, and its functions are looked for in there ' +
    'alone. Whether a function is in vmlinux or in a module follows from the kernel’s configuration, and may differ ' +
    'between distributions.',
  examples: {
    bad: [
      {
        title: 'A function of a module in the object of vmlinux',
        code: exampleModule({
          functions: REPLACEMENT,
          funcs: FUNCS.replace('"loop_configure",', '"loop_configure", //~'),
        }),
      },
    ],
    good: [
      {
        title: 'In the object of the module',
        code: exampleModule({
          functions: REPLACEMENT,
          funcs: FUNCS,
          objs: `
static struct klp_object objs[] = {
	{
		.name = "loop",
		.funcs = funcs,
	},
	{ }
};`,
        }),
      },
    ],
  },
  check(module, { knowledge }) {
    if (!knowledge) return [];
    return targets(module).flatMap((target): RuleFinding[] => {
      const { name, objectName, range } = target;
      if (knowledge.coverage(objectName) !== 'complete' || knowledge.lookup(name, objectName).length > 0) return [];
      const owners = [
        ...new Set(
          knowledge
            .everywhere(name)
            .filter(({ kind }) => kind === 'function')
            .map((symbol) => symbol.module),
        ),
      ];
      if (owners.length === 0) return [];
      const named = owners.slice(0, 3).map(objectText).join(', ');
      const refused = objectName === null ? '' : ', or the module is refused when it comes later';
      return [
        {
          range,
          message: `${name}() is not in ${objectText(objectName)} but in ${named} (${sourceText(knowledge)}): insmod fails with EINVAL${refused}.`,
          fixes: owners.length === 1 ? renameObject(module, target, owners[0] ?? null) : [],
          ...certainty(knowledge),
        },
      ];
    });
  },
};

/** When nothing else stands in the object, it is the object that is wrong. */
function renameObject(module: LivepatchModule, { object }: Target, owner: string | null): Fix[] {
  if (object.funcs.kind !== 'known' || seenEntries(object.funcs.table).length !== 1) return [];
  const written = object.fields.find(({ name }) => name === 'name');
  if (written?.positional || object.fields.some(({ positional }) => positional)) return [];
  if (owner === null) {
    if (!written) return [];
    const edits = [removeField(module, written.nameRange, written.valueRange)];
    return [{ title: 'Make it the object of vmlinux', safety: 'suggestion', edits }];
  }
  const edit = written ? replaceString(module, object.name, owner) : addField(module, object, `.name = "${owner}"`);
  return edit ? [{ title: `Make it the object of module "${owner}"`, safety: 'suggestion', edits: [edit] }] : [];
}
