import { type Base, type Fault, insert, type Mutator, mutator, replace, whole } from '../mutator.ts';
import {
  callbacks,
  enabling,
  fieldOf,
  firstStatement,
  namedObjects,
  objects,
  patches,
  replacements,
} from '../parts.ts';

/** A statement in each replacement, and what it needs in front of the function. */
const inReplacements =
  (before: string, statement: string, fits: (base: Base) => boolean = () => true) =>
  (base: Base): Fault[] =>
    fits(base)
      ? replacements(base).map(({ definition }) => ({
          edits: [
            insert(definition.range.start, before === '' ? '' : `${before}\n\n`),
            insert(firstStatement(base, definition), `\n\t${statement}`),
          ],
          where: definition.range,
        }))
      : [];

const isKnown = ({ knowledge }: Base) => knowledge !== null;

/** The arguments of `KLP_RELOC_SYMBOL(patched, owner, symbol)` where it is used. */
const relocation =
  (patched: string, owner: string, symbol: (name: string) => string = (name) => name) =>
  (base: Base): Fault[] =>
    [...base.text.matchAll(/(?<=\)\n\tKLP_RELOC_SYMBOL\()(\w+), (\w+), (\w+)(?=\);)/g)].flatMap((match) => {
      const start = match.index;
      const written = `${patched}, ${owner}, ${symbol(match[3] ?? '')}`;
      const end = start + match[0].length;
      const line = base.text.lastIndexOf('\n', base.text.lastIndexOf('\n', start) - 1) + 1;
      return written === match[0] ? [] : [{ edits: [replace({ start, end }, written)], where: { start: line, end } }];
    });

const objectName =
  (name: (written: string) => string) =>
  (base: Base): Fault[] =>
    isKnown(base)
      ? namedObjects(base).map(({ object, name: field }) => ({
          edits: [replace(field.valueRange, `"${name(field.valueText.slice(1, -1))}"`)],
          where: object.entry.range,
        }))
      : [];

/** What the module needs of the kernel around it, and what the kernel around needs of the module. */
export const SURROUNDINGS: readonly Mutator[] = [
  mutator(
    'call-unexported',
    'a function that is not exported is called',
    'unexported-symbol-direct',
    inReplacements(
      'extern unsigned long long nr_context_switches(void);',
      'if (nr_context_switches() == 0)\n\t\treturn 0;',
      (base) => isKnown(base) && !base.text.includes('nr_context_switches'),
    ),
  ),
  mutator(
    'copy-static-variable',
    "a variable of the kernel's file is copied into the module",
    'static-global-copied',
    inReplacements(
      'static long time_adjust;',
      'if (time_adjust)\n\t\treturn 0;',
      (base) => isKnown(base) && !base.text.includes('time_adjust') && namedObjects(base).length === 0,
    ),
  ),
  mutator(
    'forget-namespace',
    'a function of a namespace is called that is not imported',
    'missing-import-ns',
    inReplacements('', 'dma_buf_get(0);', (base) => isKnown(base) && !base.text.includes('MODULE_IMPORT_NS')),
  ),
  mutator(
    'unexported-tracepoint',
    'a tracepoint is used that is not exported',
    'unexported-tracepoint-or-key',
    inReplacements('', 'trace_sched_process_free(current);', isKnown),
  ),
  mutator(
    'call-into-target-module',
    'a function of the module that is patched is called',
    'dependency-on-target-module',
    inReplacements(
      '',
      'rational_best_approximation(10, 4, 100, 100, NULL, NULL);',
      (base) => isKnown(base) && namedObjects(base).some(({ name }) => name.valueText === '"rational"'),
    ),
  ),
  mutator('extra-parameter', 'the replacement has a parameter more', 'signature-mismatch', (base) =>
    replacements(base).flatMap(({ func: { entry }, definition }) => {
      const old = entry.oldName.kind === 'known' ? entry.oldName.value : '';
      if (!base.knowledge?.prototype(old, null) || (definition.parameters?.length ?? 0) === 0) return [];
      const at = base.text.indexOf('(', definition.nameRange.end) + 1;
      return [{ edits: [insert(at, 'struct file *file, ')], where: definition.range }];
    }),
  ),
  mutator('void-replacement', 'the replacement returns nothing', 'signature-mismatch', (base) =>
    replacements(base).flatMap(({ func: { entry }, definition }) => {
      const old = entry.oldName.kind === 'known' ? entry.oldName.value : '';
      const at = base.text.indexOf(' int ', definition.range.start);
      if (!base.knowledge?.prototype(old, null) || at < 0 || at > definition.nameRange.start) return [];
      return [{ edits: [replace({ start: at, end: at + 5 }, ' void ')], where: definition.range }];
    }),
  ),
  mutator(
    'misspell-object',
    'an object is misspelt',
    'object-name-unknown',
    objectName((name) => `${name}e`),
  ),
  mutator(
    'built-in-object',
    'an object is built in',
    'object-is-builtin',
    objectName(() => 'jbd2'),
  ),
  mutator(
    'relocation-to-third-module',
    'a relocation of one module names a symbol of another',
    'klp-reloc-third-module',
    relocation('loop', 'nbd'),
  ),
  mutator(
    'relocation-to-vmlinux',
    'a relocation of a module names a symbol of vmlinux',
    'klp-reloc-vmlinux-in-module',
    (base) => (base.kernel === '6.12' ? relocation('loop', 'vmlinux')(base) : []),
  ),
  mutator(
    'relocation-of-no-object',
    'a relocation is for an object that is not patched',
    'klp-reloc-wrong-object',
    relocation('nbd', 'nbd'),
  ),
  mutator('relocation-misspelt', 'a relocation names no symbol', 'klp-reloc-unresolved', (base) =>
    isKnown(base) ? relocation('vmlinux', 'vmlinux', (name) => `${name}_x`)(base) : [],
  ),
  mutator('object-of-nothing', 'an object has an empty array and no callbacks', 'object-without-effect', (base) =>
    enabling(base).flatMap(({ patch }) => {
      const table = patch.objs.kind === 'known' ? patch.objs.table : null;
      const first = table?.entries[0];
      if (!table || !first || first.terminator || table.open || table.name === null) return [];
      const used = objects(base).some(({ entry }) => fieldOf(entry, 'name')?.valueText === '"nothing_in_here"');
      if (used || !base.text.startsWith('static ', table.declarationRange.start)) return [];
      return [
        {
          edits: [
            insert(table.declarationRange.start, 'static struct klp_func fault_nothing[] = {\n\t{ }\n};\n\n'),
            insert(first.range.start, '{ .name = "nothing_in_here", .funcs = fault_nothing },\n\t'),
          ],
          where: table.declarationRange,
        },
      ];
    }),
  ),
  mutator('never-return', 'the replacement never returns', 'replacement-never-returns', (base) =>
    replacements(base).map(({ definition }) => ({
      edits: [replace(definition.bodyRange, '{\n\tfor (;;)\n\t\tmsleep(1000);\n}')],
      where: definition.range,
    })),
  ),
  mutator(
    'hand-function-to-rcu',
    'a function of the module is handed to RCU',
    'deferred-callback-into-module',
    (base) =>
      /_barrier\b|synchronize_rcu/.test(base.text)
        ? []
        : inReplacements(
            'static void fault_free(struct rcu_head *head)\n{\n}',
            'call_rcu(fault_head, fault_free);',
          )(base),
  ),
  mutator(
    'store-function-pointer',
    'the address of a function of the module is stored',
    'function-pointer-escape',
    inReplacements('static int fault_show(void)\n{\n\treturn 0;\n}', 'fault_hooks->show = fault_show;'),
  ),
  mutator('two-names', 'a system call without arguments is named twice', 'two-entries-one-address', (base) =>
    base.knowledge || base.kernel !== '6.12'
      ? []
      : replacements(base).flatMap(({ func: { entry, table } }) => {
          const [old, value] = [fieldOf(entry, 'old_name'), fieldOf(entry, 'new_func')];
          const user = objects(base).find(
            ({ entry: object }) => object.funcs.kind === 'known' && object.funcs.table === table,
          );
          if (!old || !value || !user || fieldOf(user.entry, 'name') || fieldOf(entry, 'old_sympos')) return [];
          return [
            {
              edits: [
                replace(old.valueRange, '"__x64_sys_getpid"'),
                insert(entry.range.end, `,\n\t{ .old_name = "__ia32_sys_getpid", .new_func = ${value.valueText} }`),
              ],
              where: table.range,
            },
          ];
        }),
  ),
  mutator(
    'replace-without-migration',
    'atomic replace, where only callbacks take down what is set up',
    'callback-needed-under-replace',
    (base) =>
      callbacks(base).some(({ callback }) => callback === 'pre_patch')
        ? patches(base).flatMap((patch) => {
            const takesDown = callbacks(base).some(
              ({ callback, definition }) =>
                /unpatch$/.test(callback) &&
                definition.calls.some(({ callee }) => /^kfree$|^cancel_delayed_work_sync$/.test(callee)),
            );
            if (fieldOf(patch, 'replace') || fieldOf(patch, 'states') || !takesDown) return [];
            return [{ edits: [insert(patch.range.start + 1, ' .replace = true,')], where: whole(base) }];
          })
        : [],
  ),
  mutator('export-again', 'a symbol is exported that the kernel exports', 'export-symbol-in-livepatch', (base) =>
    isKnown(base)
      ? replacements(base).map(({ definition }) => ({
          edits: [insert(definition.range.end, '\nEXPORT_SYMBOL(seq_printf);')],
          where: { start: definition.range.end, end: definition.range.end },
        }))
      : [],
  ),
  mutator('longer-structure', "a structure of the kernel's has a field more", 'struct-layout-change', (base) =>
    isKnown(base) && !base.text.includes('timer_list_iter')
      ? replacements(base).map(({ definition }) => ({
          edits: [
            insert(
              definition.range.start,
              'struct timer_list_iter {\n\tint cpu;\n\tbool second_pass;\n\tu64 now;\n\tu64 later;\n};\n\n',
            ),
            insert(
              firstStatement(base, definition),
              '\n\tif (((struct timer_list_iter *)fault_data)->cpu)\n\t\treturn 0;',
            ),
          ],
          where: definition.range,
        }))
      : [],
  ),
];
