import type { KlpFunc, LivepatchModule } from '../../../../../shared/src/model/index.ts';
import type { Fix, Rule } from '../../rule.ts';
import { addField } from '../edits.ts';
import { exampleModule } from '../example-module.ts';
import { replaceString, seenFuncs } from '../tables.ts';

export const rule: Rule = {
  id: 'func-name-with-slash-or-comma',
  severity: 'error',
  severityReason: 'The module does not load.',
  group: 'structure',
  summary: 'A function name is empty or holds a character that no symbol has.',
  kernel: {
    outcome: 'rejected',
    errno: 'EINVAL',
    log: 'not found in symbol table',
    text: 'The kernel finds no symbol of that name and klp_enable_patch() returns -EINVAL.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    '`.old_name` is compared letter by letter with the names in `/proc/kallsyms`. Parentheses, blanks, slashes and ' +
    'commas are never part of a symbol of C code. The position among symbols of one name, which sysfs shows behind a ' +
    'comma, belongs into `.old_sympos`. For a module that is not loaded yet, the mistake shows only when it loads, and ' +
    'then the kernel refuses to load it.',
  examples: {
    bad: [
      {
        title: 'Parentheses',
        code: exampleModule({
          funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "uptime_proc_show()", //~
		.new_func = fixed_uptime_proc_show,
	},
	{ }
};`,
        }),
      },
      {
        title: 'The position in the name',
        code: exampleModule({
          funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "uptime_proc_show,1", //~
		.new_func = fixed_uptime_proc_show,
	},
	{ }
};`,
        }),
      },
    ],
    good: [{ title: 'The symbol', code: exampleModule({}) }],
  },
  check(module) {
    return seenFuncs(module).flatMap(({ entry }) => {
      const { oldName } = entry;
      if (oldName.kind !== 'known' || /^[\w.$]+$/.test(oldName.value)) return [];
      const wrong = /[^\w.$]/.exec(oldName.value)?.[0];
      const what = wrong === undefined ? 'The name is empty' : `No symbol has a "${wrong}" in its name`;
      return [
        {
          range: oldName.range,
          message: `${what}. The kernel says "symbol '${oldName.value}' not found in symbol table" and refuses it with -EINVAL.`,
          fixes: fixesFor(module, entry),
        },
      ];
    });
  },
};

function fixesFor(module: LivepatchModule, entry: KlpFunc): Fix[] {
  if (entry.oldName.kind !== 'known') return [];
  const written = entry.oldName.value;
  const position = /^([\w.$]+),(\d+)$/.exec(written);
  if (position) {
    const edit = replaceString(module, entry.oldName, position[1] ?? '');
    if (!edit || entry.oldSympos.kind !== 'absent') return [];
    return [
      {
        title: `Write the position as .old_sympos = ${position[2]}`,
        safety: 'suggestion',
        edits: [addField(module, entry, `.old_sympos = ${position[2]}`), edit],
      },
    ];
  }
  const symbol = /^\s*([\w.$]+)\s*(?:\(\s*\))?\s*$/.exec(written)?.[1];
  const edit = symbol === undefined ? null : replaceString(module, entry.oldName, symbol);
  return edit ? [{ title: `Write "${symbol}"`, safety: 'safe', edits: [edit] }] : [];
}
