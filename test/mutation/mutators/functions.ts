import { type Base, type Fault, insert, type Mutator, mutator, remove, replace, spanned } from '../mutator.ts';
import { bodyStart, callbacks, fieldOf, firstStatement, funcs, namedObjects, replacements } from '../parts.ts';

/** Puts a word behind `static` of a function's definition that no prototype precedes. */
const marked =
  (word: string, definitions: (base: Base) => { name: string; range: { start: number; end: number } }[]) =>
  (base: Base): Fault[] =>
    definitions(base)
      .filter(({ name }) => !base.module.declaredFunctions.some((declared) => declared.name === name))
      .map(({ range }) => ({
        edits: [insert(range.start + 'static'.length, ` ${word}`)],
        where: range,
      }));

const newFuncs = (base: Base) => replacements(base).map(({ definition }) => definition);
const callbackFunctions = (base: Base) => callbacks(base).map(({ definition }) => definition);

/** Another function of vmlinux in the place of the one that is replaced. */
const targets =
  (newName: (name: string) => string, prefix = '') =>
  (base: Base): Fault[] =>
    namedObjects(base).length > 0
      ? []
      : funcs(base).flatMap(({ entry }) => {
          const field = fieldOf(entry, 'old_name');
          if (!field || !/^"[a-z_]\w*"$/.test(field.valueText)) return [];
          const name = `${prefix}${newName(field.valueText.slice(1, -1))}`;
          return [{ edits: [replace(field.valueRange, `"${name}"`)], where: entry.range }];
        });

const newFuncValue =
  (value: (name: string) => string) =>
  (base: Base): Fault[] =>
    replacements(base).flatMap(({ func: { entry } }) => {
      const field = fieldOf(entry, 'new_func');
      return field && /^\w+$/.test(field.valueText)
        ? [{ edits: [replace(field.valueRange, value(field.valueText))], where: entry.range }]
        : [];
    });

/** Where everything is known that could define a function. */
const isClosed = ({ module }: Base) =>
  module.complete && module.unreadIncludes.length === 0 && module.unknownTopLevelMacros.length === 0;

export const FUNCTIONS: readonly Mutator[] = [
  mutator('init-new-func', 'a replacement is __init', 'init-section-new-func', marked('__init', newFuncs)),
  mutator('exit-new-func', 'a replacement is __exit', 'exit-section-new-func', marked('__exit', newFuncs)),
  mutator('init-callback', 'a callback is __init', 'init-section-new-func', marked('__init', callbackFunctions)),
  mutator('exit-callback', 'a callback is __exit', 'exit-section-new-func', marked('__exit', callbackFunctions)),
  mutator('inline-new-func', 'a replacement is inline', 'new-func-inline', marked('inline', newFuncs)),
  mutator(
    'always-inline-new-func',
    'a replacement is __always_inline',
    'new-func-inline',
    marked('__always_inline', newFuncs),
  ),
  mutator('misspell-new-func', '.new_func is misspelt', 'new-func-undefined', (base) =>
    isClosed(base) ? newFuncValue((name) => `${name.slice(0, -1)}_`)(base) : [],
  ),
  mutator('drop-new-func-definition', 'the replacement is not there', 'new-func-undefined', (base) =>
    isClosed(base)
      ? replacements(base)
          .filter(({ definition }) => !base.module.declaredFunctions.some(({ name }) => name === definition.name))
          .map(({ definition, func }) => ({ edits: [remove(definition.range)], where: func.entry.range }))
      : [],
  ),
  mutator(
    'string-new-func',
    '.new_func is a string',
    'func-new-func-not-function',
    newFuncValue((name) => `"${name}"`),
  ),
  mutator(
    'number-new-func',
    '.new_func is an address',
    'func-new-func-not-function',
    newFuncValue(() => '0xffffffff81000000'),
  ),
  mutator('variable-new-func', '.new_func is a variable', 'func-new-func-not-function', (base) =>
    replacements(base).flatMap(({ func: { entry, table } }) => {
      const field = fieldOf(entry, 'new_func');
      return field
        ? [
            {
              edits: [
                insert(table.declarationRange.start, 'static int counter;\n\n'),
                replace(field.valueRange, '&counter'),
              ],
              where: entry.range,
            },
          ]
        : [];
    }),
  ),
  mutator('call-old-by-name', 'the replacement calls the original by its name', 'new-calls-old-by-name', (base) =>
    replacements(base).flatMap(({ func: { entry }, definition }) => {
      const old = entry.oldName.kind === 'known' ? entry.oldName.value : '';
      const isOurs = [...base.module.functions, ...base.module.macros, ...base.module.variables].some(
        ({ name }) => name === old,
      );
      if (!/^[a-z_]\w*$/.test(old) || isOurs) return [];
      return [{ edits: [insert(firstStatement(base, definition), `\n\t${old}();`)], where: definition.bodyRange }];
    }),
  ),
  mutator('static-local', 'the replacement has a static variable', 'static-local-reset', (base) =>
    newFuncs(base).map((definition) => ({
      edits: [insert(bodyStart(definition), '\n\tstatic int calls;\n')],
      where: definition.bodyRange,
    })),
  ),
  mutator(
    'cold-target',
    'the cold part is replaced',
    'cold-part-target',
    targets((name) => `${name}.cold`),
  ),
  mutator(
    'isra-target',
    'a copy that the compiler made is replaced',
    'gcc-suffix-name',
    targets((name) => `${name}.isra.0`),
  ),
  mutator(
    'constprop-target',
    'a copy with constants is replaced',
    'gcc-suffix-name',
    targets((name) => `${name}.constprop.0`),
  ),
  mutator(
    'part-target',
    'a part that the compiler made is replaced',
    'gcc-suffix-name',
    targets((name) => `${name}.part.0`),
  ),
  mutator(
    'padding-target',
    'the padding in front of a function is replaced',
    'pfx-cfi-target',
    targets((name) => name, '__pfx_'),
  ),
  mutator(
    'cfi-target',
    "kCFI's word in front of a function is replaced",
    'pfx-cfi-target',
    targets((name) => name, '__cfi_'),
  ),
  mutator('inner-syscall', 'a system call is called as in the source', 'syscall-inner-target', (base) =>
    base.knowledge ? [] : targets(() => 'sys_openat')(base),
  ),
  mutator(
    'thread-main',
    "a kernel thread's main function is replaced",
    'kthread-main-target',
    targets(() => 'kswapd'),
  ),
  mutator('locks-swapped', 'two locks are taken in the other order', 'lock-order-changed', (base) =>
    base.source
      ? newFuncs(base).flatMap(({ calls }) => {
          const [first, second] = calls.filter(({ callee }) => callee === 'spin_lock');
          if (!first || !second) return [];
          const edits = [
            replace(first.range, spanned(base, second.range)),
            replace(second.range, spanned(base, first.range)),
          ];
          return [{ edits, where: second.range }];
        })
      : [],
  ),
  mutator(
    'scheduler',
    'schedule() is replaced',
    'always-on-stack-target',
    targets(() => 'schedule'),
  ),
  mutator(
    'exit-path',
    'do_exit() is replaced',
    'exit-path-target',
    targets(() => 'do_exit'),
  ),
  mutator(
    'long-sleeper',
    'a function in which programs sleep is replaced',
    'long-sleeper-target',
    targets(() => 'do_sys_poll'),
  ),
  mutator(
    'patch-the-patcher',
    "livepatch's own function is replaced",
    'patches-the-patcher',
    targets(() => 'klp_try_switch_task'),
  ),
];
