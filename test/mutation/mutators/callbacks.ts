import { CALLBACK_NAMES } from '../../../shared/src/model/index.ts';
import { type Base, type Fault, insert, type Mutator, mutator, remove, replace, spanned } from '../mutator.ts';
import { type CallbackUse, callbacks, calls, dropField, fieldOf, firstStatement, objects } from '../parts.ts';

/** Rewrites a callback's head: `static int f(struct klp_object *obj)`. */
const withHead =
  (fits: (use: CallbackUse) => boolean, head: (written: string) => string) =>
  (base: Base): Fault[] =>
    callbacks(base)
      .filter(fits)
      .flatMap(({ definition, object }) => {
        const { start } = definition.range;
        const written = base.text.slice(start, definition.bodyRange.start);
        const changed = head(written);
        if (changed === written || base.module.declaredFunctions.some(({ name }) => name === definition.name))
          return [];
        const end = start + written.length;
        // Said of the function or of where it is used.
        const where = {
          start: Math.min(start, object.range.start),
          end: Math.max(definition.range.end, object.range.end),
        };
        return [{ edits: [replace({ start, end }, changed)], where }];
      });

/** Puts a statement into the bodies of callbacks that take the object. */
const withStatement =
  (statement: (object: string) => string, fits: (use: CallbackUse) => boolean = () => true) =>
  (base: Base): Fault[] =>
    callbacks(base)
      .filter(fits)
      .flatMap(({ definition }) => {
        const object = definition.parameters?.[0]?.name;
        if (!object) return [];
        return [
          {
            edits: [insert(firstStatement(base, definition), `\n\t${statement(object)}`)],
            where: definition.bodyRange,
          },
        ];
      });

/** Objects without callbacks get some, with functions that are put in front of the table. */
const newCallbacks =
  (functions: string, lines: string) =>
  (base: Base): Fault[] =>
    objects(base).flatMap(({ table, entry }) => {
      const isUsed = base.module.patches.some(({ objs }) => objs.kind === 'known' && objs.table === table);
      // Something else may take it down.
      const has =
        entry.fields.some(({ name }) => name.startsWith('callbacks')) ||
        base.module.functions.some(({ calls }) => calls.some(({ callee }) => /^k\w*free/.test(callee)));
      if (has || !isUsed || !fieldOf(entry, 'funcs') || !spanned(base, table.declarationRange).startsWith('static '))
        return [];
      const start = table.declarationRange.start;
      return [
        {
          edits: [
            insert(start, `${functions.trim()}\n\n`),
            insert(entry.range.start + 1, `\n\t\t.callbacks = {\n\t\t\t${lines}\n\t\t},`),
          ],
          where: { start, end: table.declarationRange.end },
        },
      ];
    });

const PREPARE = `
static void *fault_buffer;

static int fault_prepare(struct klp_object *obj)
{
	fault_buffer = kzalloc(64, GFP_KERNEL);
	return fault_buffer ? 0 : -ENOMEM;
}`;
const CLEAN_UP = `
static void fault_clean_up(struct klp_object *obj)
{
	kfree(fault_buffer);
}`;

export const CALLBACKS: readonly Mutator[] = [
  mutator(
    'void-pre-patch',
    'pre_patch returns nothing',
    'callback-wrong-signature',
    withHead(
      ({ callback }) => callback === 'pre_patch',
      (head) => head.replace(/\bint\b/, 'void'),
    ),
  ),
  mutator(
    'int-post-callback',
    'a callback that returns nothing returns int',
    'callback-wrong-signature',
    withHead(
      ({ callback }) => callback !== 'pre_patch',
      (head) => head.replace(/\bvoid\b/, 'int'),
    ),
  ),
  mutator(
    'patch-callback',
    'a callback takes the patch',
    'callback-wrong-signature',
    withHead(
      () => true,
      (head) => head.replace(/struct klp_object\b/, 'struct klp_patch'),
    ),
  ),
  mutator(
    'callback-without-parameter',
    'a callback takes nothing',
    'callback-wrong-signature',
    withHead(
      () => true,
      (head) => head.replace(/\([^()]*\)\s*$/, '(void)\n'),
    ),
  ),
  mutator(
    'callback-by-value',
    'a callback takes the object itself',
    'callback-wrong-signature',
    withHead(
      () => true,
      (head) => head.replace(/struct klp_object \*/, 'struct klp_object '),
    ),
  ),
  mutator('positive-pre-patch', 'pre_patch returns 1', 'callback-positive-return', (base) =>
    callbacks(base)
      .filter(({ callback }) => callback === 'pre_patch')
      .flatMap(({ definition }) =>
        definition.returns
          .filter(({ value }) => value.kind === 'known' && value.value === 0)
          .map(({ range }) => ({ edits: [replace(range, 'return 1;')], where: definition.range })),
      ),
  ),
  mutator(
    'positive-errno-pre-patch',
    'pre_patch returns an errno without its minus',
    'callback-positive-return',
    (base) =>
      callbacks(base)
        .filter(({ callback }) => callback === 'pre_patch')
        .flatMap(({ definition }) =>
          definition.returns
            .filter(({ text }) => /^-E\w+$/.test(text))
            .map(({ range, text }) => ({
              edits: [replace(range, `return ${text.slice(1)};`)],
              where: definition.range,
            })),
        ),
  ),
  mutator(
    'callback-enables',
    'a callback enables a patch',
    'callback-reenters-livepatch',
    withStatement(() => 'klp_enable_patch(&another_patch);'),
  ),
  mutator(
    'callback-sleeps',
    'a callback sleeps for five seconds',
    'callback-sleeps-long',
    withStatement(() => 'msleep(5000);'),
  ),
  mutator(
    'callback-sleeps-seconds',
    'a callback sleeps for ten seconds',
    'callback-sleeps-long',
    withStatement(() => 'ssleep(10);'),
  ),
  mutator(
    'callback-loads-module',
    'a callback loads a module',
    'callback-loads-module',
    withStatement(() => 'request_module("loop");'),
  ),
  mutator(
    'callback-uses-null-mod',
    'a callback of vmlinux uses obj->mod',
    'callback-on-null-mod',
    withStatement(
      (object) => `pr_info("%d\\n", ${object}->mod->state);`,
      ({ object }) => object.name.kind === 'absent',
    ),
  ),
  mutator(
    'set-up-in-post-patch',
    'what pre_patch sets up is taken down by pre_unpatch',
    'callback-wrong-pairing',
    newCallbacks(`${PREPARE}\n\n${CLEAN_UP}`, '.pre_patch = fault_prepare,\n\t\t\t.pre_unpatch = fault_clean_up,'),
  ),
  mutator('take-down-early', 'post_unpatch becomes pre_unpatch', 'callback-wrong-pairing', (base) =>
    callbacks(base).flatMap(({ callback, field, object, definition }) => {
      if (callback !== 'post_unpatch' || object.callbacks.pre_unpatch.kind !== 'absent') return [];
      const prepare = callbacks(base).find((other) => other.callback === 'pre_patch' && other.object === object);
      // A pair is needed: set up before patching, taken down after unpatching.
      const pairs = prepare?.definition.calls.some(({ callee }) =>
        /^k[mzc]?alloc$|^kmalloc_array$|^schedule_delayed_work$/.test(callee),
      );
      if (!prepare || !pairs) return [];
      const written = spanned(base, field.nameRange);
      const where = { start: Math.min(prepare.definition.range.start, definition.range.start), end: object.range.end };
      return [{ edits: [replace(field.nameRange, written.replace('post_unpatch', 'pre_unpatch'))], where }];
    }),
  ),
  mutator(
    'never-taken-down',
    'what pre_patch sets up is never taken down',
    'pre-patch-without-post-unpatch',
    newCallbacks(PREPARE, '.pre_patch = fault_prepare,'),
  ),
  mutator(
    'drop-post-unpatch',
    'post_unpatch, which takes down, is not named',
    'pre-patch-without-post-unpatch',
    (base) =>
      callbacks(base).flatMap(({ callback, field, object, definition }) => {
        const prepare = callbacks(base).find((other) => other.callback === 'pre_patch' && other.object === object);
        const allocates = prepare?.definition.calls.find(({ callee }) => /^k[mzc]alloc$/.test(callee));
        const frees = definition.calls.some(({ callee }) => callee === 'kfree');
        if (callback !== 'post_unpatch' || !prepare || !allocates || !frees) return [];
        return [{ edits: [dropField(base, field), remove(definition.range)], where: prepare.definition.range }];
      }),
  ),
  mutator('shadow-freed-early', 'pre_unpatch frees the shadow variables', 'shadow-free-all-before-unpatch', (base) =>
    callbacks(base).flatMap(({ callback, field, object, definition }) => {
      const frees = calls(base, 'klp_shadow_free_all').some(({ inFunction }) => inFunction === definition);
      if (callback !== 'post_unpatch' || !frees || object.callbacks.pre_unpatch.kind !== 'absent') return [];
      const written = spanned(base, field.nameRange);
      return [
        { edits: [replace(field.nameRange, written.replace('post_unpatch', 'pre_unpatch'))], where: definition.range },
      ];
    }),
  ),
  mutator('swap-callbacks', 'pre_patch and post_unpatch are swapped', 'callback-wrong-signature', (base) =>
    callbacks(base).flatMap(({ field, callback, object, definition }) => {
      const other = callbacks(base).find((use) => use.callback === 'post_unpatch' && use.object === object);
      if (callback !== 'pre_patch' || !other) return [];
      return [
        {
          edits: [replace(field.valueRange, other.field.valueText), replace(other.field.valueRange, field.valueText)],
          where: {
            start: Math.min(definition.range.start, other.definition.range.start, object.range.start),
            end: Math.max(definition.range.end, other.definition.range.end, object.range.end),
          },
        },
      ];
    }),
  ),
  ...CALLBACK_NAMES.map((name) =>
    mutator(
      `${name.replace('_', '-')}-of-no-kind`,
      `a function with two parameters is ${name}`,
      'callback-wrong-signature',
      newCallbacks(
        'static int fault_callback(struct klp_object *obj, int flags)\n{\n\treturn 0;\n}',
        `.${name} = fault_callback,`,
      ),
    ),
  ),
];
