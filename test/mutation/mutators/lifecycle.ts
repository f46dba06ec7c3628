import { type Base, type Fault, insert, type Mutator, mutator, remove, replace, spanned, whole } from '../mutator.ts';
import { enabling, infos, only, patches } from '../parts.ts';

/** Writes other statements for `return klp_enable_patch(&patch);`. */
const enableDifferently = (statements: (call: string) => string) => (base: Base) =>
  enabling(base).map(
    ({ statement, call, init }): Fault => ({
      edits: [replace(statement, statements(call))],
      where: init.range,
    }),
  );

/** Takes `module_exit(f);` out. */
function dropEntryPoint({ module, text }: Base, kind: 'init' | 'exit', where: (base: Base) => Fault['where'][]) {
  const base = { module, text } as Base;
  const [entry, ...others] = module[kind];
  if (!entry || others.length > 0 || entry.conditions.length > 0) return [];
  if (!text.startsWith(`module_${kind}(`, entry.range.start)) return [];
  const semicolon = text.startsWith(';', entry.range.end) ? 1 : 0;
  const edits = [remove({ start: entry.range.start, end: entry.range.end + semicolon })];
  return where(base).map((place) => ({ edits, where: place }));
}

const patchOrInit = (base: Base): Fault['where'][] => (patches(base).length === 1 ? [whole(base)] : []);

/** Only modules that surely need the mark. */
const marked = (base: Base) => (enabling(base).length > 0 && base.module.complete ? infos(base, 'livepatch') : []);

export const LIFECYCLE: readonly Mutator[] = [
  mutator('never-enabled', 'module init returns 0 and enables nothing', 'missing-enable-call', (base) =>
    enabling(base).map(({ statement, patch }) => ({
      edits: [replace(statement, 'return 0;')],
      where: patch.declarationRange,
    })),
  ),
  mutator(
    'drop-enable-result',
    'nobody looks at what klp_enable_patch() returns',
    'enable-result-ignored',
    enableDifferently((call) => `${call};\n\treturn 0;`),
  ),
  mutator(
    'void-enable-result',
    'what klp_enable_patch() returns is cast to void',
    'enable-result-ignored',
    enableDifferently((call) => `(void)${call};\n\treturn 0;`),
  ),
  mutator(
    'store-enable-result',
    'what klp_enable_patch() returns is stored and forgotten',
    'enable-result-ignored',
    enableDifferently((call) => `int error;\n\n\terror = ${call};\n\treturn 0;`),
  ),
  mutator(
    'enable-twice',
    'the patch is enabled twice',
    'enable-twice',
    enableDifferently((call) => `int error;\n\n\terror = ${call};\n\tif (error)\n\t\treturn error;\n\treturn ${call};`),
  ),
  mutator(
    'fail-behind-enable',
    'module init fails after the patch is enabled',
    'init-fails-after-enable',
    enableDifferently(
      (call) =>
        `int error;\n\n\terror = ${call};\n\tif (error)\n\t\treturn error;\n\treturn register_something(&something);`,
    ),
  ),
  mutator(
    'fail-at-once-behind-enable',
    'module init looks at a failure after the patch is enabled',
    'init-fails-after-enable',
    enableDifferently(
      (call) =>
        `int error;\n\n\terror = ${call};\n\tif (error)\n\t\treturn error;\n\tif (register_something(&something))\n\t\treturn -ENOMEM;\n\treturn 0;`,
    ),
  ),
  mutator(
    'init-returns-one',
    'module init returns 1',
    'init-returns-positive',
    enableDifferently((call) => `int error;\n\n\terror = ${call};\n\tif (error)\n\t\treturn error;\n\treturn 1;`),
  ),
  mutator(
    'init-returns-errno',
    'module init returns an errno without its minus',
    'init-returns-positive',
    enableDifferently((call) => `int error;\n\n\terror = ${call};\n\tif (error)\n\t\treturn ENODEV;\n\treturn 0;`),
  ),
  mutator('drop-livepatch-mark', 'MODULE_INFO(livepatch, "Y") is left out', 'missing-livepatch-modinfo', (base) =>
    marked(base).map(({ range }) => ({ edits: [remove(range)], where: whole(base) })),
  ),
  mutator('misspell-livepatch-mark', 'MODULE_INFO(livepatch, …) is misspelt', 'missing-livepatch-modinfo', (base) =>
    marked(base).flatMap(({ range }) => {
      const at = spanned(base, range).indexOf('livepatch');
      const start = range.start + at;
      return at < 0 ? [] : [{ edits: [replace({ start, end: start + 9 }, 'livepach')], where: whole(base) }];
    }),
  ),
  mutator('livepatch-mark-no', 'MODULE_INFO(livepatch, …) says "N"', 'livepatch-modinfo-value', (base) =>
    marked(base).map(({ range, valueRange }) => ({ edits: [replace(valueRange, '"N"')], where: range })),
  ),
  mutator(
    'no-patch',
    'the klp_patch and its enabling are gone, the mark is there',
    'livepatch-modinfo-without-patch',
    (base) =>
      enabling(base).flatMap(({ patch, statement }) => {
        const used = base.text.split(new RegExp(`&${patch.name}\\b`)).length - 1;
        const [mark] = infos(base, 'livepatch');
        if (used !== 1 || !mark || patches(base).length !== 1) return [];
        return [{ edits: [remove(patch.declarationRange), replace(statement, 'return 0;')], where: mark.range }];
      }),
  ),
  mutator('drop-module-exit', 'module_exit() is left out', 'missing-module-exit', (base) =>
    dropEntryPoint(base, 'exit', patchOrInit),
  ),
  mutator('drop-module-init', 'module_init() is left out', 'missing-module-init', (base) =>
    dropEntryPoint(base, 'init', patchOrInit),
  ),
  mutator('drop-license', 'MODULE_LICENSE() is left out', 'missing-module-license', (base) =>
    infos(base, 'license').map(({ range }) => ({ edits: [remove(range)], where: whole(base) })),
  ),
  mutator('proprietary-license', 'the licence is "Proprietary"', 'non-gpl-license', (base) =>
    infos(base, 'license').map(({ range, valueRange }) => ({
      edits: [replace(valueRange, '"Proprietary"')],
      where: range,
    })),
  ),
  mutator('misspell-license', 'the licence is "GPLv2"', 'non-gpl-license', (base) =>
    infos(base, 'license').map(({ range, valueRange }) => ({ edits: [replace(valueRange, '"GPLv2"')], where: range })),
  ),
  mutator('file-name-too-long', 'the file’s name makes too long a module name', 'module-name-too-long', (base) =>
    enabling(base).map(() => ({ edits: [], where: whole(base), file: `${'livepatch_of_today_'.repeat(4)}.c` })),
  ),
  mutator('second-patch', 'a second klp_patch is enabled', 'two-patches-one-module', (base) =>
    enabling(base).flatMap(({ patch, statement, call, init }) => {
      const declaration = spanned(base, patch.declarationRange);
      if (!/=\s*\{/.test(declaration) || patch.declarationRange.end > init.range.start) return [];
      const second = declaration.replace(new RegExp(`\\b${patch.name}\\b`), 'second_patch');
      return [
        {
          edits: [
            insert(patch.declarationRange.end, `\n\n${second}`),
            replace(
              statement,
              `int error;\n\n\terror = ${call};\n\tif (error)\n\t\treturn error;\n\treturn klp_enable_patch(&second_patch);`,
            ),
          ],
          where: init.range,
        },
      ];
    }),
  ),
  mutator('enable-elsewhere', 'a function that init does not call enables the patch', 'enable-outside-init', (base) =>
    enabling(base).map(({ statement, call, init }) => ({
      edits: [
        insert(init.range.start, `int enable_later(void)\n{\n\treturn ${call};\n}\n\n`),
        replace(statement, 'return 0;'),
      ],
      where: init.range,
    })),
  ),
  mutator('leak-in-init', 'what init allocates stays when enabling fails', 'init-leaks-on-enable-failure', (base) =>
    enabling(base).map(({ statement, call, init }) => ({
      edits: [
        insert(init.range.start, 'static void *buffer;\n\n'),
        replace(statement, `buffer = kmalloc(64, GFP_KERNEL);\n\tif (!buffer)\n\t\treturn -ENOMEM;\n\treturn ${call};`),
      ],
      where: init.range,
    })),
  ),
  mutator('module-notifier', 'a module notifier is registered', 'module-notifier-in-livepatch', (base) =>
    enabling(base).map(({ statement, call, init }) => ({
      edits: [replace(statement, `register_module_notifier(&notifier);\n\treturn ${call};`)],
      where: init.range,
    })),
  ),
  mutator('change-table-late', 'a table is changed after the patch is enabled', 'table-mutated-after-enable', (base) =>
    enabling(base).flatMap(({ statement, call, init, patch }) =>
      patch.objs.kind === 'known' && patch.objs.table.name !== null
        ? [
            {
              edits: [
                replace(
                  statement,
                  `int error;\n\n\terror = ${call};\n\tif (error)\n\t\treturn error;\n\t${patch.objs.table.name}[0].name = "loop";\n\treturn 0;`,
                ),
              ],
              where: init.range,
            },
          ]
        : [],
    ),
  ),
  mutator('init-gives-up', 'module init does nothing but fail', 'missing-enable-call', (base) =>
    enabling(base).flatMap(({ init, patch }) =>
      only(base, init.name) && patch.declarationRange.end < init.range.start
        ? [
            {
              edits: [replace({ start: init.bodyRange.start, end: init.bodyRange.end }, '{\n\treturn -ENODEV;\n}')],
              where: patch.declarationRange,
            },
          ]
        : [],
    ),
  ),
];
