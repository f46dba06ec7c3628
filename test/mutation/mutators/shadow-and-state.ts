import { type Base, type Fault, insert, type Mutator, mutator, remove, replace, spanned, whole } from '../mutator.ts';
import { calls, dropField, fieldOf, firstStatement, plainTables, replacements } from '../parts.ts';

/** Statements of a call alone: `klp_shadow_free_all(ID, NULL);`. */
function statements(base: Base, name: string) {
  return calls(base, name).flatMap(({ call, inFunction }) =>
    call.result.kind === 'dropped' && base.text.startsWith(';', call.range.end)
      ? [{ span: { start: call.range.start, end: call.range.end + 1 }, call, inFunction }]
      : [],
  );
}

const allocations = (base: Base) =>
  ['klp_shadow_alloc', 'klp_shadow_get_or_alloc']
    .flatMap((name) => calls(base, name))
    .filter(({ call }) => call.arguments.length === 6);

const otherId = (base: Base, name: string, index: number): Fault[] =>
  base.module.complete && base.module.unreadIncludes.length === 0
    ? calls(base, name).flatMap(({ call }) => {
        const id = call.arguments[index];
        return id?.constant.kind === 'known' ? [{ edits: [replace(id.range, '0xfa017')], where: call.range }] : [];
      })
    : [];

/** Puts a constructor into an allocation that has none. */
const withConstructor =
  (body: string) =>
  (base: Base): Fault[] =>
    allocations(base).flatMap(({ call, inFunction }) => {
      const hook = call.arguments[4];
      if (hook?.text !== 'NULL') return [];
      const head = 'static int fault_constructor(void *obj, void *shadow_data, void *ctor_data)';
      return [
        {
          edits: [
            insert(inFunction.range.start, `${head}\n{\n\t${body}\n\treturn 0;\n}\n\n`),
            replace(hook.range, 'fault_constructor'),
          ],
          where: inFunction.range,
        },
      ];
    });

/** Older kernels have no states, which another rule says. */
const isFor612 = (base: Base): Base[] => (base.kernel === '6.12' ? [base] : []);

const states = (base: Base) =>
  plainTables(base.module.stateTables).flatMap((table) =>
    table.entries.filter(({ terminator }) => !terminator).map((entry) => ({ table, entry })),
  );

export const SHADOW_AND_STATE: readonly Mutator[] = [
  mutator('drop-free-all', 'the shadow variables are never freed', 'shadow-no-free-all', (base) => {
    const frees = statements(base, 'klp_shadow_free_all');
    const [only, ...others] = frees;
    const allocation = allocations(base)[0];
    if (!only || others.length > 0 || !allocation || !base.module.complete) return [];
    return [{ edits: [remove(only.span)], where: allocation.inFunction.range }];
  }),
  mutator('free-all-of-another-id', 'klp_shadow_free_all() frees another id', 'shadow-free-unknown-id', (base) =>
    otherId(base, 'klp_shadow_free_all', 0),
  ),
  mutator('get-another-id', 'klp_shadow_get() gets another id', 'shadow-free-unknown-id', (base) =>
    otherId(base, 'klp_shadow_get', 1),
  ),
  mutator('free-another-id', 'klp_shadow_free() frees another id', 'shadow-free-unknown-id', (base) =>
    otherId(base, 'klp_shadow_free', 1),
  ),
  mutator(
    'allocate-under-lock',
    'an allocation that may sleep stands under a spinlock',
    'shadow-gfp-in-atomic',
    (base) =>
      allocations(base).flatMap(({ call, inFunction }) =>
        call.arguments[3]?.text === 'GFP_KERNEL'
          ? [
              {
                edits: [insert(firstStatement(base, inFunction), '\n\tspin_lock(&fault_lock);')],
                where: inFunction.bodyRange,
              },
            ]
          : [],
      ),
  ),
  mutator(
    'sleeping-constructor',
    'a constructor allocates with GFP_KERNEL',
    'shadow-ctor-sleeps',
    withConstructor('kfree(kmalloc(8, GFP_KERNEL));'),
  ),
  mutator(
    'reentering-constructor',
    'a constructor frees shadow variables',
    'shadow-ctor-reenters',
    withConstructor('klp_shadow_free(obj, 1, NULL);'),
  ),
  mutator('two-sizes', 'the same id is allocated in another size', 'shadow-size-mismatch', (base) =>
    allocations(base).flatMap(({ call, inFunction }) => {
      const [parent, id, size] = call.arguments;
      if (!parent || id?.constant.kind !== 'known') return [];
      const isStructure = /^sizeof\(struct \w+\)$/.test(size?.text ?? '');
      if (!isStructure && size?.constant.kind !== 'known') return [];
      const other = isStructure ? 'sizeof(struct fault)' : '4096';
      const second = `klp_shadow_get_or_alloc(${parent.text}, ${id.text}, ${other}, GFP_ATOMIC, NULL, NULL)`;
      return [{ edits: [insert(call.range.end, ` ?: ${second}`)], where: inFunction.bodyRange }];
    }),
  ),
  mutator('drop-null-test', 'what an allocation returns is used without a test', 'shadow-unchecked-null', (base) =>
    allocations(base).flatMap(({ call, inFunction }) => {
      const { result } = call;
      if (result.kind !== 'assigned' || !/^\w+$/.test(result.to)) return [];
      const behind = base.text.slice(call.range.end, inFunction.range.end);
      // `if (!data) return …;` goes as a whole, of `if (data) use(data);` what follows stays.
      const test =
        new RegExp(`^;\\s*(if \\(!${result.to}\\)\\s*return[^;]*;)\\s*[^;]*${result.to}->`).exec(behind) ??
        new RegExp(`^;\\s*(if \\(${result.to}\\))\\s*\\(?\\*${result.to}\\b`).exec(behind);
      if (!test?.[1]) return [];
      const start = call.range.end + test[0].indexOf(test[1]);
      return [{ edits: [remove({ start, end: start + test[1].length })], where: inFunction.bodyRange }];
    }),
  ),
  mutator('key-on-stack', 'the key is the address of a local variable', 'shadow-key-stack-address', (base) =>
    allocations(base).flatMap(({ call, inFunction }) => {
      const parent = call.arguments[0];
      if (!parent) return [];
      return [
        {
          edits: [insert(inFunction.bodyRange.start + 1, '\n\tint fault_key;'), replace(parent.range, '&fault_key')],
          where: inFunction.bodyRange,
        },
      ];
    }),
  ),
  mutator('alloc-each-time', 'klp_shadow_alloc() where get_or_alloc belongs', 'shadow-alloc-duplicate', (base) =>
    calls(base, 'klp_shadow_get_or_alloc').flatMap(({ call, inFunction }) => {
      const isReplacement = replacements(base).some(({ definition }) => definition === inFunction);
      return isReplacement &&
        /^&[a-z]\w*$/.test(call.arguments[0]?.text ?? '') &&
        inFunction.calls.filter(({ callee }) => callee.startsWith('klp_shadow_')).length === 1 &&
        call.arguments.length === 6
        ? [{ edits: [replace(call.calleeRange, 'klp_shadow_alloc')], where: inFunction.bodyRange }]
        : [];
    }),
  ),
  mutator('repeat-state', 'a state stands there twice', 'state-duplicate-id', (base) =>
    states(base).map(({ table, entry }) => ({
      edits: [insert(entry.range.end, `,\n\t${spanned(base, entry.range)}`)],
      where: { start: entry.range.end, end: table.range.end },
    })),
  ),
  mutator('state-id-zero', 'a state has the id 0', 'state-id-zero', (base) =>
    states(base).flatMap(({ entry }) => {
      const field = fieldOf(entry, 'id');
      return field && fieldOf(entry, 'version')
        ? [{ edits: [replace(field.valueRange, '0')], where: entry.range }]
        : [];
    }),
  ),
  mutator('drop-state-id', 'a state has no id', 'state-id-zero', (base) =>
    states(base).flatMap(({ entry }) => {
      const field = fieldOf(entry, 'id');
      return field && fieldOf(entry, 'version') ? [{ edits: [dropField(base, field)], where: entry.range }] : [];
    }),
  ),
  mutator(
    'previous-state-too-late',
    'a replacement asks for the previous state',
    'prev-state-outside-transition',
    (base) =>
      isFor612(base)
        .flatMap(replacements)
        .map(({ definition }) => ({
          edits: [insert(firstStatement(base, definition), '\n\tif (klp_get_prev_state(1))\n\t\treturn 0;')],
          where: definition.bodyRange,
        })),
  ),
  mutator('unused-states', 'a patch has states that nothing uses', 'state-without-callbacks', (base) =>
    base.kernel === '6.12' &&
    base.module.complete &&
    base.module.callbackSets.length === 0 &&
    base.module.stateTables.length === 0
      ? base.module.patches.flatMap((patch) => {
          const uses = base.module.functions.some(({ calls: all }) =>
            all.some(({ callee }) => /^klp_(?:get|shadow)_/.test(callee)),
          );
          if (uses || patch.conditions.length > 0 || !spanned(base, patch.range).startsWith('{')) return [];
          return [
            {
              edits: [
                insert(
                  patch.declarationRange.start,
                  'static struct klp_state fault_states[] = {\n\t{ .id = 7, .version = 1 },\n\t{ }\n};\n\n',
                ),
                insert(patch.range.start + 1, ' .states = fault_states,'),
              ],
              where: whole(base),
            },
          ];
        })
      : [],
  ),
];
