import type { KlpInitialiser, KlpTable } from '../../../shared/src/model/index.ts';
import { type Base, type Fault, insert, type Mutator, mutator, remove, replace, spanned } from '../mutator.ts';
import { dropField, enabling, fieldOf, funcs, namedObjects, objects, patches, plainTables } from '../parts.ts';

/** Takes the empty entry that ends a table out. */
function dropTerminator<T extends KlpInitialiser & { readonly terminator: boolean }>(
  base: Base,
  tables: readonly KlpTable<T>[],
): Fault[] {
  return plainTables(tables).flatMap((table) => {
    const [end, ...more] = table.entries.filter(({ terminator }) => terminator);
    if (!end || more.length > 0 || table.terminated !== 'yes' || table.declaredLength.kind !== 'absent') return [];
    const comma = /^\s*,/.exec(base.text.slice(end.range.end))?.[0].length ?? 0;
    return [{ edits: [remove({ start: end.range.start, end: end.range.end + comma })], where: table.declarationRange }];
  });
}

/** Writes another value for `.old_name`. */
const oldName = (newText: (name: string) => string) => (base: Base) =>
  funcs(base).flatMap(({ entry }): Fault[] => {
    const field = fieldOf(entry, 'old_name');
    if (!field || !/^"[\w.]+"$/.test(field.valueText)) return [];
    const name = field.valueText.slice(1, -1);
    return [{ edits: [replace(field.valueRange, newText(name))], where: entry.range }];
  });

/** Writes another value for the `.name` of an object. */
const objectName = (newText: (name: string) => string) => (base: Base) =>
  namedObjects(base).map(({ object, name }): Fault => {
    return {
      edits: [replace(name.valueRange, newText(name.valueText.slice(1, -1)))],
      where: object.entry.range,
    };
  });

/** Adds a field to an initialiser, behind its brace. */
const addField = (initialiser: KlpInitialiser, field: string): Fault => ({
  edits: [insert(initialiser.range.start + 1, ` ${field}`)],
  where: initialiser.range,
});

const dropFuncField = (name: string) => (base: Base) =>
  funcs(base).flatMap(({ entry }): Fault[] => {
    const field = fieldOf(entry, name);
    return field ? [{ edits: [dropField(base, field)], where: entry.range }] : [];
  });

const setPatchField = (name: string, value: string) => (base: Base) =>
  patches(base).flatMap((patch): Fault[] => {
    const field = fieldOf(patch, name);
    return field ? [{ edits: [replace(field.valueRange, value)], where: patch.declarationRange }] : [];
  });

const dropPatchField = (name: string) => (base: Base) =>
  patches(base).flatMap((patch): Fault[] => {
    const field = fieldOf(patch, name);
    return field ? [{ edits: [dropField(base, field)], where: patch.declarationRange }] : [];
  });

/** Puts a word into the head of a declaration, behind `static`. */
const afterStatic = (base: Base, declaration: { start: number; end: number }, word: string): Fault[] =>
  spanned(base, declaration).startsWith('static struct')
    ? [{ edits: [insert(declaration.start + 'static'.length, ` ${word}`)], where: declaration }]
    : [];

const beforeEquals = (base: Base, declaration: { start: number; end: number }, word: string): Fault[] => {
  const at = /^[^={;]*?(?=\s*=\s*\{)/.exec(spanned(base, declaration))?.[0].length;
  return at === undefined ? [] : [{ edits: [insert(declaration.start + at, ` ${word}`)], where: declaration }];
};

const tablesInUse = ({ module }: Base) => [...plainTables(module.funcTables), ...plainTables(module.objectTables)];

export const STRUCTURE: readonly Mutator[] = [
  mutator('drop-func-sentinel', 'the empty entry of a klp_func array is left out', 'funcs-missing-terminator', (base) =>
    dropTerminator(base, base.module.funcTables),
  ),
  mutator(
    'drop-object-sentinel',
    'the empty entry of a klp_object array is left out',
    'objects-missing-terminator',
    (base) => dropTerminator(base, base.module.objectTables),
  ),
  mutator(
    'drop-state-sentinel',
    'the empty entry of a klp_state array is left out',
    'states-missing-terminator',
    (base) => dropTerminator(base, base.module.stateTables),
  ),
  mutator(
    'func-array-one-short',
    'a klp_func array is declared too short for its end',
    'funcs-missing-terminator',
    (base) =>
      plainTables(base.module.funcTables).flatMap((table) => {
        const [fault] = dropTerminator(base, [table]);
        const brackets = table.nameRange && base.text.indexOf('[]', table.nameRange.end);
        if (!fault || brackets === null || brackets < 0 || brackets !== table.nameRange?.end) return [];
        const length = table.entries.filter(({ terminator }) => !terminator).length;
        return [{ ...fault, edits: [...fault.edits, insert(brackets + 1, String(length))] }];
      }),
  ),
  mutator('sentinel-first', 'the empty entry stands in front', 'entry-after-terminator', (base) =>
    plainTables(base.module.funcTables).flatMap((table) => {
      const [first] = table.entries;
      return first && !first.terminator
        ? [{ edits: [insert(first.range.start, '{ },\n\t')], where: table.declarationRange }]
        : [];
    }),
  ),
  mutator('entry-behind-sentinel', 'an entry is added behind the empty one', 'entry-after-terminator', (base) =>
    funcs(base).flatMap(({ table, entry }) => {
      const end = table.entries.at(-1);
      if (!end?.terminator) return [];
      return [
        {
          edits: [insert(end.range.end, `,\n\t${spanned(base, entry.range)}`)],
          where: { start: end.range.end, end: table.range.end },
        },
      ];
    }),
  ),
  mutator('object-behind-sentinel', 'an object is added behind the empty one', 'entry-after-terminator', (base) =>
    namedObjects(base).flatMap(({ object: { table, entry } }) => {
      const end = table.entries.at(-1);
      if (!end?.terminator) return [];
      return [
        {
          edits: [insert(end.range.end, `,\n\t${spanned(base, entry.range)}`)],
          where: { start: end.range.end, end: table.range.end },
        },
      ];
    }),
  ),
  mutator('sentinel-with-sympos', 'the last entry has a position', 'terminator-not-empty', (base) =>
    plainTables(base.module.funcTables).flatMap((table) => {
      const end = table.entries.at(-1);
      return end?.terminator && end.fields.length === 0
        ? [{ edits: [replace(end.range, '{ .old_sympos = 1 }')], where: table.declarationRange }]
        : [];
    }),
  ),
  mutator('drop-old-name', '.old_name is left out', 'func-old-name-missing', dropFuncField('old_name')),
  mutator(
    'null-old-name',
    '.old_name is NULL',
    'func-old-name-missing',
    oldName(() => 'NULL'),
  ),
  mutator('drop-new-func', '.new_func is left out', 'func-new-func-missing', dropFuncField('new_func')),
  mutator('null-new-func', '.new_func is NULL', 'func-new-func-missing', (base) =>
    funcs(base).flatMap(({ entry }) => {
      const field = fieldOf(entry, 'new_func');
      return field ? [{ edits: [replace(field.valueRange, 'NULL')], where: entry.range }] : [];
    }),
  ),
  mutator(
    'empty-old-name',
    '.old_name is the empty string',
    'func-name-with-slash-or-comma',
    oldName(() => '""'),
  ),
  mutator(
    'old-name-with-position',
    '.old_name carries the position, as sysfs shows it',
    'func-name-with-slash-or-comma',
    oldName((name) => `"${name},1"`),
  ),
  mutator(
    'old-name-with-object',
    '.old_name carries the object',
    'func-name-with-slash-or-comma',
    oldName((name) => `"vmlinux/${name}"`),
  ),
  mutator(
    'old-name-too-long',
    '.old_name is longer than a symbol',
    'func-name-too-long',
    oldName((name) => `"${name}${'x'.repeat(520)}"`),
  ),
  mutator('repeat-entry', 'a klp_func stands there twice', 'duplicate-func-entry', (base) =>
    funcs(base).map(({ table, entry }) => ({
      edits: [insert(entry.range.end, `,\n\t${spanned(base, entry.range)}`)],
      where: { start: entry.range.end, end: table.range.end },
    })),
  ),
  mutator(
    'repeat-entry-with-sympos-1',
    'a klp_func stands there again with position 1',
    'duplicate-func-sympos-alias',
    (base) =>
      funcs(base).flatMap(({ table, entry }) => {
        if (fieldOf(entry, 'old_sympos')) return [];
        const copy = spanned(base, entry.range).replace('{', '{ .old_sympos = 1,');
        return [
          { edits: [insert(entry.range.end, `,\n\t${copy}`)], where: { start: entry.range.end, end: table.range.end } },
        ];
      }),
  ),
  mutator('repeat-object', 'an object stands there twice', 'duplicate-object', (base) =>
    namedObjects(base).flatMap(({ object: { table, entry }, name }) => {
      const uses = base.module.patches.some(({ objs }) => objs.kind === 'known' && objs.table === table);
      if (!uses) return [];
      const funcs = fieldOf(entry, 'funcs')?.valueText ?? 'NULL';
      return [
        {
          edits: [insert(entry.range.end, `,\n\t{ .name = ${name.valueText}, .funcs = ${funcs} }`)],
          where: { start: entry.range.end, end: table.range.end },
        },
      ];
    }),
  ),
  mutator('share-funcs', 'a second object uses the array of the first', 'shared-funcs-array', (base) =>
    objects(base).flatMap(({ table, entry }) => {
      const field = fieldOf(entry, 'funcs');
      const uses = base.module.patches.some(({ objs }) => objs.kind === 'known' && objs.table === table);
      const isEmpty = entry.funcs.kind !== 'known' || entry.funcs.table.entries.every(({ terminator }) => terminator);
      if (!field || !/^\w+$/.test(field.valueText) || isEmpty || !uses) return [];
      return [
        {
          edits: [insert(entry.range.end, `,\n\t{ .name = "some_other_module", .funcs = ${field.valueText} }`)],
          where: table.declarationRange,
        },
      ];
    }),
  ),
  ...(
    [
      ['func', 'nop = true', (base: Base) => funcs(base).map(({ entry }) => entry)],
      ['func', 'old_func = NULL', (base: Base) => funcs(base).map(({ entry }) => entry)],
      ['object', 'patched = false', (base: Base) => objects(base).map(({ entry }) => entry)],
      ['object', 'mod = THIS_MODULE', (base: Base) => objects(base).map(({ entry }) => entry)],
      ['patch', 'enabled = true', (base: Base) => patches(base)],
      ['patch', 'forced = true', (base: Base) => patches(base)],
    ] as const
  ).map(([structure, field, initialisers]) =>
    mutator(
      `set-${structure}-${field.replace(/[^a-z]+.*$/, '').replace(/_$/, '')}`,
      `.${field} is set in a klp_${structure}, which is the kernel's`,
      'internal-field-initialised',
      (base) => initialisers(base).map((initialiser) => addField(initialiser, `.${field},`)),
    ),
  ),
  mutator('drop-object-funcs', 'a named object has no .funcs', 'object-funcs-unset', (base) =>
    namedObjects(base).flatMap(({ object: { entry } }) => {
      const field = fieldOf(entry, 'funcs');
      return field ? [{ edits: [dropField(base, field)], where: entry.range }] : [];
    }),
  ),
  mutator('null-object-funcs', 'a named object has .funcs = NULL', 'object-funcs-unset', (base) =>
    namedObjects(base).flatMap(({ object: { entry } }) => {
      const field = fieldOf(entry, 'funcs');
      return field ? [{ edits: [replace(field.valueRange, 'NULL')], where: entry.range }] : [];
    }),
  ),
  mutator('drop-vmlinux-funcs', "vmlinux's object has callbacks and no .funcs", 'object-hidden-terminator', (base) =>
    objects(base).flatMap(({ entry }) => {
      const field = fieldOf(entry, 'funcs');
      const hasCallbacks = entry.fields.some(({ name }) => name.startsWith('callbacks.'));
      return field && !fieldOf(entry, 'name') && hasCallbacks
        ? [{ edits: [dropField(base, field)], where: entry.range }]
        : [];
    }),
  ),
  mutator(
    'object-name-with-dash',
    'an object is called as its file, with a dash',
    'object-name-dash',
    objectName((name) => `"${name}-core"`),
  ),
  mutator(
    'object-name-with-ko',
    'an object is called as its file, with .ko',
    'object-name-ko-suffix',
    objectName((name) => `"${name}.ko"`),
  ),
  mutator(
    'object-name-as-path',
    'an object is called by its path',
    'object-name-path',
    objectName((name) => `"drivers/${name}"`),
  ),
  mutator(
    'object-name-empty',
    'an object is called ""',
    'object-name-empty',
    objectName(() => '""'),
  ),
  mutator(
    'object-name-vmlinux',
    'an object is called "vmlinux"',
    'object-name-vmlinux-string',
    objectName(() => '"vmlinux"'),
  ),
  mutator(
    'object-name-too-long',
    'an object has too long a name',
    'object-name-too-long',
    objectName((name) => `"${name}${'y'.repeat(60)}"`),
  ),
  mutator(
    'name-vmlinux-object',
    'the object without name gets the name "vmlinux"',
    'object-name-vmlinux-string',
    (base) =>
      objects(base).flatMap(({ entry }) => (fieldOf(entry, 'name') ? [] : [addField(entry, '.name = "vmlinux",')])),
  ),
  mutator('drop-mod', '.mod is left out', 'patch-mod-unset', dropPatchField('mod')),
  mutator('null-mod', '.mod is NULL', 'patch-mod-unset', setPatchField('mod', 'NULL')),
  mutator('drop-objs', '.objs is left out', 'patch-objs-unset', dropPatchField('objs')),
  mutator('null-objs', '.objs is NULL', 'patch-objs-unset', setPatchField('objs', 'NULL')),
  mutator('const-patch', 'the klp_patch is const', 'patch-struct-const', (base) =>
    patches(base).flatMap((patch) => afterStatic(base, patch.declarationRange, 'const')),
  ),
  mutator('const-table', 'an array that the kernel writes to is const', 'patch-struct-const', (base) =>
    tablesInUse(base).flatMap((table) => afterStatic(base, table.declarationRange, 'const')),
  ),
  mutator('initdata-patch', 'the klp_patch is __initdata', 'patch-struct-initdata', (base) =>
    patches(base).flatMap((patch) => beforeEquals(base, patch.declarationRange, '__initdata')),
  ),
  mutator('initdata-table', 'an array is __initdata', 'patch-struct-initdata', (base) =>
    tablesInUse(base).flatMap((table) => beforeEquals(base, table.declarationRange, '__initdata')),
  ),
  mutator('initdata-table-after-static', 'an array is static __initdata', 'patch-struct-initdata', (base) =>
    tablesInUse(base).flatMap((table) => afterStatic(base, table.declarationRange, '__initdata')),
  ),
  mutator('patch-on-stack', 'the klp_patch is a local variable of module init', 'patch-struct-on-stack', (base) =>
    enabling(base).flatMap(({ patch, init, statement }) => {
      const declaration = spanned(base, patch.declarationRange);
      if (!declaration.startsWith('static ') || !/=\s*\{/.test(declaration)) return [];
      const used = base.text.split(new RegExp(`\\b${patch.name}\\b`)).length - 1;
      // Somebody else needs it where it was.
      if (used !== 2) return [];
      return [
        {
          edits: [
            remove(patch.declarationRange),
            insert(statement.start, `${declaration.slice('static '.length)}\n\n\t`),
          ],
          where: init.range,
        },
      ];
    }),
  ),
  mutator('positional-func', 'a klp_func is written without field names', 'positional-initialiser', (base) =>
    funcs(base).flatMap(({ entry }) => {
      const [old, replacement] = [fieldOf(entry, 'old_name'), fieldOf(entry, 'new_func')];
      if (!old || !replacement || entry.fields.length !== 2) return [];
      return [{ edits: [replace(entry.range, `{ ${old.valueText}, ${replacement.valueText} }`)], where: entry.range }];
    }),
  ),
  mutator('negative-sympos', '.old_sympos is negative', 'sympos-negative-or-huge', (base) =>
    funcs(base).flatMap(({ entry }) => (fieldOf(entry, 'old_sympos') ? [] : [addField(entry, '.old_sympos = -1,')])),
  ),
  mutator('address-as-sympos', '.old_sympos is an address', 'sympos-negative-or-huge', (base) =>
    funcs(base).flatMap(({ entry }) =>
      fieldOf(entry, 'old_sympos') ? [] : [addField(entry, '.old_sympos = 0xffffffff81234560,')],
    ),
  ),
  mutator('no-func-in-patch', 'all functions are taken out of a patch without callbacks', 'empty-patch', (base) => {
    const [patch, ...others] = patches(base);
    const tables = plainTables(base.module.funcTables);
    const isPlainPatch = patch?.replace.kind === 'absent' && base.module.runtimeWrites.length === 0;
    if (!patch || others.length > 0 || !isPlainPatch || base.module.callbackSets.length > 0 || tables.length === 0)
      return [];
    if (tables.length !== base.module.funcTables.length || namedObjects(base).length > 0) return [];
    const edits = tables.flatMap((table) => {
      const entries = table.entries.filter(({ terminator }) => !terminator);
      const [first, last] = [entries[0], entries.at(-1)];
      if (!first || !last) return [];
      const comma = /^\s*,/.exec(base.text.slice(last.range.end))?.[0].length ?? 0;
      return [remove({ start: first.range.start, end: last.range.end + comma })];
    });
    return edits.length === 0 ? [] : [{ edits, where: patch.declarationRange }];
  }),
];
