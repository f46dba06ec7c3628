import type { Condition, FieldInitialiser, SourceRange } from '../../../shared/src/model/index.ts';
import type { InitialiserList, InitialiserValue } from './initialiser.ts';
import { conditionsAt, type PlacedItem, rangeIn, textOf } from './scope.ts';

/**
 * Members in the order of include/linux/livepatch.h of the newest kernel: what a positional initialiser fills. Designators
 * of other kernels (`immediate`, `relocs`, `old_addr`, `replaceable`, `replace_set`) are read by their names.
 */
const MEMBERS: { readonly [structure: string]: readonly string[] } = {
  klp_patch: [
    'mod',
    'objs',
    'states',
    'replace',
    'list',
    'kobj',
    'obj_list',
    'enabled',
    'forced',
    'free_work',
    'finish',
  ],
  klp_object: ['name', 'funcs', 'callbacks', 'kobj', 'func_list', 'node', 'mod', 'dynamic', 'patched'],
  klp_func: [
    'old_name',
    'new_func',
    'old_sympos',
    'old_func',
    'kobj',
    'node',
    'stack_node',
    'old_size',
    'new_size',
  ].concat(['nop', 'patched', 'transition']),
  klp_callbacks: ['pre_patch', 'post_patch', 'pre_unpatch', 'post_unpatch', 'post_unpatch_enabled'],
  klp_state: ['id', 'version', 'data'],
};

/** One field as written, with its value. */
export interface WrittenField {
  readonly name: string;
  readonly value: InitialiserValue;
  readonly initialiser: FieldInitialiser;
}

export interface WrittenFields {
  readonly fields: readonly WrittenField[];
  /** Why there may be fields that we don't see; null when all are there. */
  readonly opaque: string | null;
}

/** Reads `{ … }` as an initialiser of `struct klp_…`; nested callbacks appear once more, as `callbacks.pre_patch`. */
export function readFields(place: PlacedItem, structure: string, list: InitialiserList): WrittenFields {
  const outer = conditionsAt(place, list.start);
  const fields: WrittenField[] = [];
  const opaque = collect(place, structure, list, '', outer, fields);
  return { fields, opaque };
}

function collect(
  place: PlacedItem,
  structure: string,
  list: InitialiserList,
  prefix: string,
  outer: readonly Condition[],
  fields: WrittenField[],
): string | null {
  const members = MEMBERS[structure] ?? [];
  const designated = list.elements.some(({ path }) => path.length > 0);
  let opaque: string | null = null;
  let next = 0;
  for (const element of list.elements) {
    const { path, value } = element;
    const positional = path.length === 0;
    if (positional) {
      const why = whyOpaque(value, designated);
      if (why) {
        opaque ??= why;
        continue;
      }
    }
    const member = positional ? members[next] : path[0];
    if (member === undefined) continue;
    next = members.indexOf(member) + 1 || next;
    const name = prefix + (positional ? member : path.join('.'));
    const valueRange = rangeIn(place, value);
    const nameRange: SourceRange = positional
      ? valueRange
      : rangeIn(place, { start: element.pathStart, end: element.pathEnd });
    const all = conditionsAt(place, element.start);
    const conditions = all.filter(({ group }) => !outer.some((condition) => condition.group === group));
    const initialiser = { name, positional, nameRange, valueRange, valueText: textOf(place, value), conditions };
    fields.push({ name, value, initialiser });
    if (name !== 'callbacks') continue;
    const inner = value.kind === 'compound' ? value.list : value;
    if (inner.kind === 'list') opaque ??= collect(place, 'klp_callbacks', inner, 'callbacks.', outer, fields);
  }
  return opaque;
}

/** A macro or placeholder between designators may expand to any of them. */
function whyOpaque(value: InitialiserValue, designated: boolean): string | null {
  if (value.kind !== 'expression') return null;
  const [first] = value.tokens;
  if (!first) return 'the initialiser is not complete';
  if (first.kind === 'placeholder') return `placeholder ${first.text}`;
  if (designated && first.kind === 'name') return `${first.text} is not defined in this module`;
  return null;
}
