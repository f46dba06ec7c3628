import { type Base, type Fault, insert, type Mutator, mutator, replace } from '../mutator.ts';
import { fieldOf, funcs, objects } from '../parts.ts';

/** Changes an entry that replaces a known function of vmlinux; for modules of which the kernel is known. */
const target =
  (change: (base: Base, entry: ReturnType<typeof funcs>[number]['entry'], name: string) => Fault['edits'] | null) =>
  (base: Base): Fault[] =>
    funcs(base).flatMap(({ table, entry }) => {
      const { knowledge } = base;
      const user = objects(base).find(
        ({ entry: object }) => object.funcs.kind === 'known' && object.funcs.table === table,
      );
      const field = fieldOf(entry, 'old_name');
      if (!knowledge || !user || fieldOf(user.entry, 'name') || !field || !/^"\w+"$/.test(field.valueText)) return [];
      if (fieldOf(entry, 'old_sympos') || user.entry.conditions.length > 0) return [];
      const edits = change(base, entry, field.valueText.slice(1, -1));
      return edits ? [{ edits, where: entry.range }] : [];
    });

const otherTarget = (name: string) =>
  target((_, entry) => {
    const field = fieldOf(entry, 'old_name');
    return field && [replace(field.valueRange, `"${name}"`)];
  });

const sympos = (position: number) =>
  target((_, entry) => [insert(entry.range.start + 1, ` .old_sympos = ${position},`)]);

export const SYMBOLS: readonly Mutator[] = [
  mutator(
    'misspell-old-name',
    '.old_name is misspelt',
    'old-name-not-found',
    target((_, entry, name) => {
      const field = fieldOf(entry, 'old_name');
      return field && [replace(field.valueRange, `"${name.slice(0, -1)}"`)];
    }),
  ),
  mutator(
    'inlined-old-name',
    'a function that the compiler made another of',
    'old-name-not-found',
    otherTarget('do_sysinfo'),
  ),
  mutator('ambiguous-old-name', 'a name that several functions have', 'old-name-ambiguous', otherTarget('m_show')),
  mutator(
    'function-of-a-module',
    'a function of a module in the object vmlinux',
    'func-in-wrong-object',
    otherTarget('loop_configure'),
  ),
  mutator(
    'untraceable-old-name',
    'a function that ftrace cannot hook',
    'not-traceable-target',
    otherTarget('__schedule'),
  ),
  mutator('variable-old-name', 'a variable', 'variable-as-target', otherTarget('init_uts_ns')),
  mutator('sympos-on-unique', 'a position for a name that is there once', 'sympos-on-unique', sympos(1)),
  mutator('sympos-too-high', 'a position that does not exist', 'sympos-out-of-range', sympos(9)),
  mutator('init-function', 'a function that is gone after boot', 'init-target', otherTarget('proc_uptime_init')),
  mutator('syscall-for-64-bit-only', 'a system call for 64-bit programs only', 'syscall-compat-missing', (base) =>
    base.text.includes('__ia32_sys_newuname') ? [] : otherTarget('__x64_sys_newuname')(base),
  ),
  mutator(
    'sympos-of-data',
    'the position of a variable of the same name',
    'sympos-counts-data',
    target((_, entry) => {
      const field = fieldOf(entry, 'old_name');
      return field && [replace(field.valueRange, '"verbose"'), insert(entry.range.start + 1, ' .old_sympos = 2,')];
    }),
  ),
];
