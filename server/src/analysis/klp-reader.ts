import {
  ABSENT,
  areExclusive,
  CALLBACK_NAMES,
  type Condition,
  type KlpCallbacks,
  type KlpFunc,
  type KlpObject,
  type KlpPatch,
  type KlpState,
  type KlpTable,
  type SourceRange,
  type TableReference,
  type Value,
} from '../../../shared/src/model/index.ts';
import { evaluateNumber } from './evaluate.ts';
import { callbacksOf, FieldReader } from './field-reader.ts';
import {
  type InitialiserElement,
  type InitialiserList,
  type InitialiserValue,
  listOf,
  readInitialiser,
  single,
  withoutFirstIndex,
  zeroOf,
} from './initialiser.ts';
import { readFields } from './klp-fields.ts';
import { spanOf, structureOf } from './klp-variables.ts';
import { movedFuncTable, movedStateTable, tableId } from './moved.ts';
import type { RunTimeChange } from './run-time-changes.ts';
import type { Token } from './scanner.ts';
import {
  conditionsAt,
  type PlacedItem,
  rangeIn,
  recalled,
  remember,
  type Scope,
  storageOf,
  textOf,
  type VariableFact,
  withoutNull,
} from './scope.ts';

type Changes = ReadonlyMap<string, RunTimeChange>;
type Entry = KlpObject | KlpFunc | KlpState;

/** Entries that all `[a ... b]` of a table may add beyond the one that is written. */
const MAX_FILLED = 64;

/** Reads the klp structures of a module, each table once. */
export class KlpReader {
  readonly objectTables: KlpTable<KlpObject>[] = [];
  readonly funcTables: KlpTable<KlpFunc>[] = [];
  readonly stateTables: KlpTable<KlpState>[] = [];
  readonly callbackSets: KlpCallbacks[] = [];
  readonly patches: KlpPatch[] = [];
  private readonly scope: Scope;
  private readonly changes: Changes;
  private readonly known = new Map<VariableFact, KlpTable<Entry>>();

  /** All that a table without references depends on outside its own item: macros, constants, names of the module. */
  private readonly names: string;

  constructor(scope: Scope, changes: Changes, names: string) {
    this.scope = scope;
    this.changes = changes;
    this.names = names;
  }

  /** Reads a variable if it is a klp structure or table that the module defines. */
  readVariable(variable: VariableFact): void {
    const structure = structureOf(variable);
    if (!structure || !this.isDefinition(variable)) return;
    if (structure === 'klp_patch') this.readPatches(variable);
    else if (structure === 'klp_callbacks') this.readCallbackVariable(variable);
    else this.tableOf(variable, structure);
  }

  /** A tentative definition (`static struct klp_object objs[];`) only counts when no other one has the initialiser. */
  private isDefinition(variable: VariableFact): boolean {
    if (variable.declarator.initialiser) return true;
    if (variable.specifiers.extern) return false;
    if (variable.local) return true;
    const all = this.scope.variables.get(variable.declarator.name.text) ?? [];
    return all.find(({ declarator, specifiers }) => declarator.initialiser || !specifiers.extern) === variable
      ? !all.some(({ declarator }) => declarator.initialiser)
      : false;
  }

  private readPatches(variable: VariableFact): void {
    const { declarator } = variable;
    const value = this.initialiserOf(variable);
    const name = declarator.name.text;
    if (declarator.length !== null) {
      const elements = value?.kind === 'list' ? value.elements : [];
      for (const [i, element] of elements.entries()) {
        const list = listOf(element.value);
        if (list) this.patches.push(this.patch(variable, `${name}[${i}]`, list, null));
      }
      return;
    }
    const list = value ? listOf(value) : null;
    const empty = { kind: 'list', start: declarator.name.start, end: declarator.name.end, elements: [] } as const;
    const why =
      value && !list
        ? 'its initialiser is a macro or expression'
        : !value && variable.local
          ? 'it is filled in the function'
          : null;
    this.patches.push(this.patch(variable, name, list ?? empty, why ?? this.changes.get(name)?.whole ?? null));
  }

  private patch(variable: VariableFact, name: string, list: InitialiserList, why: string | null): KlpPatch {
    const { place, declarator } = variable;
    const fields = this.fields(place, 'klp_patch', list, this.changes.get(declarator.name.text), why);
    const boolean = (field: string): Value<boolean> => {
      const value = fields.number(field);
      if (value.kind === 'known') return { ...value, value: value.value !== 0 };
      if (value.kind === 'unknown' && value.likely !== undefined) return { ...value, likely: value.likely !== 0 };
      return value as Value<boolean>;
    };
    return {
      name,
      nameRange: rangeIn(place, declarator.name),
      declarationRange: rangeIn(place, variable.span),
      storage: storageOf(variable),
      range: rangeIn(place, list),
      fields: fields.written.map(({ initialiser }) => initialiser),
      conditions: conditionsAt(place, variable.span.start),
      mod: fields.module(),
      objs: this.reference<KlpObject>(fields, 'objs', 'klp_object'),
      states: this.reference<KlpState>(fields, 'states', 'klp_state'),
      replace: boolean('replace'),
      replaceable: boolean('replaceable'),
      replaceSet: fields.number('replace_set'),
      immediate: boolean('immediate'),
    };
  }

  private readCallbackVariable(variable: VariableFact): void {
    const value = this.initialiserOf(variable);
    const list = value ? listOf(value) : null;
    if (!list) return;
    const change = this.changes.get(variable.declarator.name.text);
    const fields = this.fields(variable.place, 'klp_callbacks', list, change, change?.whole ?? null);
    this.callbackSets.push(callbacksOf((name) => fields.functionReference(name)));
  }

  private initialiserOf({ declarator }: VariableFact): InitialiserValue | null {
    return declarator.initialiser ? readInitialiser(this.scope.expand(declarator.initialiser)) : null;
  }

  private fields(
    place: PlacedItem,
    structure: string,
    list: InitialiserList,
    change: RunTimeChange | undefined,
    why: string | null,
  ): FieldReader {
    const { fields, opaque } = readFields(place, structure, list);
    return new FieldReader(this.scope, place, list, fields, why ?? opaque, change);
  }

  /** The table that a variable holds. */
  private tableOf(variable: VariableFact, structure: string): KlpTable<Entry> {
    const known = this.known.get(variable);
    if (known) return known;
    const change = this.changes.get(variable.declarator.name.text);
    const table = this.remembered(variable.place, structure, variable.declarator.name.start, change, () =>
      this.readTable(variable, structure, change),
    );
    this.known.set(variable, table);
    this.addTable(structure, table);
    return table;
  }

  /** Tables of functions and states are kept as long as nothing that they depend on changes: they can be long. */
  private remembered(
    place: PlacedItem,
    structure: string,
    start: number,
    change: RunTimeChange | undefined,
    build: () => KlpTable<Entry>,
  ): KlpTable<Entry> {
    if (structure === 'klp_object' || change) return build();
    const slot = `table ${start}`;
    const known =
      structure === 'klp_func'
        ? recalled(place, slot, this.names, movedFuncTable)
        : recalled(place, slot, this.names, movedStateTable);
    return known ?? remember(place, slot, this.names, build());
  }

  private readTable(variable: VariableFact, structure: string, change: RunTimeChange | undefined): KlpTable<Entry> {
    const { place, declarator } = variable;
    const name = declarator.name.text;
    const value = this.initialiserOf(variable);
    const isArray = declarator.length !== null;
    let why = change?.whole ?? null;
    if (change && change.fields.size > 0) why ??= [...change.fields.values()][0] ?? null;
    if (value && value.kind !== 'list') why ??= 'its initialiser is a macro or expression';
    const list = value ? listOf(value) : null;
    const elements = list === null ? [] : isArray ? list.elements : [single(list)];
    const length = declarator.length ?? [];
    return this.table(place, structure, elements, {
      id: tableId(name, rangeIn(place, declarator.name)),
      name,
      nameRange: rangeIn(place, declarator.name),
      range: rangeIn(place, value ?? declarator.name),
      declarationRange: rangeIn(place, variable.span),
      storage: storageOf(variable),
      declaredLength:
        length.length === 0 ? ABSENT : this.scope.number(length, rangeIn(place, spanOf(length, declarator.name))),
      conditions: conditionsAt(place, variable.span.start),
      why,
      change,
    });
  }

  private addTable(structure: string, table: KlpTable<Entry>): void {
    if (structure === 'klp_object') this.objectTables.push(table as KlpTable<KlpObject>);
    else if (structure === 'klp_func') this.funcTables.push(table as KlpTable<KlpFunc>);
    else if (structure === 'klp_state') this.stateTables.push(table as KlpTable<KlpState>);
  }

  private table(
    place: PlacedItem,
    structure: string,
    elements: readonly InitialiserElement[],
    about: Omit<KlpTable<Entry>, 'entries' | 'terminated' | 'open'> & {
      readonly why: string | null;
      readonly change: RunTimeChange | undefined;
    },
  ): KlpTable<Entry> {
    const { why, change, ...rest } = about;
    const entries: Entry[] = [];
    let open = why !== null;
    let length = 0;
    let filled = 0;
    for (const element of elements) {
      const list = listOf(element.value) ?? zeroOf(element);
      if (!list || element.path.length > 0) {
        open = true;
        continue;
      }
      const { from, to } = this.positionOf(element, length);
      entries.push(this.entry(place, structure, list, change));
      for (let i = from + 1; i <= to && filled < MAX_FILLED; i++, filled++) {
        entries.push(this.entry(place, structure, list, change));
      }
      length = to + 1;
    }
    const sure = entries.some((entry) => entry.terminator && entry.conditions.length === rest.conditions.length);
    const maybe = entries.some(({ terminator }) => terminator);
    const padded = rest.declaredLength.kind === 'known' && rest.declaredLength.value > length;
    const lengthUnknown = rest.declaredLength.kind === 'unknown';
    const conditional = entries.some((entry) => entry.conditions.length > rest.conditions.length);
    const terminated = sure
      ? 'yes'
      : open || lengthUnknown || (maybe && conditional)
        ? 'unknown'
        : padded
          ? 'by-length'
          : 'no';
    return { ...rest, entries, open, terminated };
  }

  private positionOf(element: InitialiserElement, next: number): { from: number; to: number } {
    if (!element.index) return { from: next, to: next };
    const dots = element.index.findIndex(({ text }) => text === '...');
    const read = (tokens: readonly Token[]): number | null => {
      const value = evaluateNumber(this.scope.expand(tokens), this.scope.constants);
      return 'value' in value ? value.value : null;
    };
    if (dots < 0) {
      const at = read(element.index) ?? next;
      return { from: at, to: at };
    }
    const from = read(element.index.slice(0, dots)) ?? next;
    const to = read(element.index.slice(dots + 1)) ?? from;
    return { from, to: Math.max(from, to) };
  }

  private entry(
    place: PlacedItem,
    structure: string,
    list: InitialiserList,
    change: RunTimeChange | undefined,
  ): KlpObject | KlpFunc | KlpState {
    const fields = this.fields(place, structure, list, change, change?.whole ?? null);
    const shared = {
      range: rangeIn(place, list),
      fields: fields.written.map(({ initialiser }) => initialiser),
      conditions: conditionsAt(place, list.start),
    };
    if (structure === 'klp_func') {
      const oldName = withoutNull(fields.string('old_name'));
      const newFunc = fields.functionReference('new_func');
      const oldSympos = fields.number('old_sympos');
      const terminator =
        oldName.kind === 'absent' &&
        newFunc.kind === 'absent' &&
        (oldSympos.kind === 'absent' || (oldSympos.kind === 'known' && oldSympos.value === 0));
      return { ...shared, terminator, oldName, newFunc, oldSympos };
    }
    if (structure === 'klp_state') {
      const id = fields.number('id');
      const zero = id.kind === 'absent' || (id.kind === 'known' && id.value === 0);
      const alone = fields.written.every(({ name, value }) => name === 'id' || fields.isZero(value));
      return { ...shared, terminator: zero && alone, id, version: fields.number('version') };
    }
    const name = fields.string('name');
    const funcs = this.reference<KlpFunc>(fields, 'funcs', 'klp_func');
    const callbacks = callbacksOf((callback) => fields.callback(callback));
    const isEmpty = fields.written.every(({ value, name: field }) => field === 'callbacks' || fields.isZero(value));
    const noName = name.kind === 'absent' || (name.kind === 'known' && name.value === null);
    const noCallbacks = CALLBACK_NAMES.every((callback) => callbacks[callback].kind === 'absent');
    const noFuncs = funcs.kind === 'absent' || funcs.kind === 'null';
    if (!noCallbacks) this.callbackSets.push(callbacks);
    return { ...shared, terminator: noName && noFuncs && noCallbacks && isEmpty, name, funcs, callbacks };
  }

  /** What `.objs`, `.funcs` or `.states` points to. */
  private reference<T extends Entry>(fields: FieldReader, field: string, structure: string): TableReference<T> {
    const found = fields.find(field);
    if (found.kind !== 'field') return found.kind === 'absent' ? ABSENT : found;
    const { value } = found.field;
    const range = rangeIn(fields.place, value);
    if (value.kind === 'compound') {
      const table = this.compoundTable(fields.place, structure, value);
      return { kind: 'known', table: table as KlpTable<T>, range };
    }
    if (value.kind === 'list') return noTable('braces stand where a pointer belongs', range);
    const name = this.scope.name(withoutFirstIndex(value.tokens));
    if (name === 'NULL' || fields.isZero(value)) return { kind: 'null', range };
    if (name === null) return noTable(`${textOf(fields.place, value)} is known only at run time`, range);
    return this.namedTable<T>(name, structure, fields, range, found.field.initialiser.conditions);
  }

  private namedTable<T extends Entry>(
    name: string,
    structure: string,
    fields: FieldReader,
    range: SourceRange,
    inner: readonly Condition[],
  ): TableReference<T> {
    const { place } = fields;
    const here = [...conditionsAt(place, fields.list.start), ...inner];
    const all = this.scope.variables.get(name) ?? [];
    const fitting = all.filter((variable) => structureOf(variable) === structure && this.isDefinition(variable));
    const sameFile = fitting.filter((variable) => variable.place.unit === place.unit);
    const candidates = (sameFile.length > 0 ? sameFile : fitting).filter(
      (variable) =>
        variable.place.unit !== place.unit || !areExclusive(here, conditionsAt(variable.place, variable.span.start)),
    );
    const [first] = candidates;
    if (!first) {
      const why = all.length > 0 ? `${name} is known only at run time` : `${name} is not defined in this module`;
      return noTable(why, range);
    }
    const table = this.tableOf(first, structure) as KlpTable<T>;
    if (candidates.length === 1) return { kind: 'known', table, range };
    return { kind: 'unknown', why: `${name} has several definitions`, range, likely: table };
  }

  private compoundTable(
    place: PlacedItem,
    structure: string,
    value: Extract<InitialiserValue, { kind: 'compound' }>,
  ): KlpTable<Entry> {
    const open = value.type.findIndex(({ text }) => text === '[');
    const length = open < 0 ? [] : value.type.slice(open + 1, -1);
    const range = rangeIn(place, value);
    const isConst = value.type.some(({ text }) => text === 'const');
    const build = () =>
      this.table(place, structure, open < 0 ? [single(value.list)] : value.list.elements, {
        id: tableId(null, range),
        name: null,
        nameRange: null,
        range: rangeIn(place, value.list),
        declarationRange: range,
        storage: { static: false, extern: false, const: isConst, automatic: false, attributes: [] },
        declaredLength: length.length === 0 ? ABSENT : this.scope.number(length, range),
        conditions: conditionsAt(place, value.start),
        why: null,
        change: undefined,
      });
    const table = this.remembered(place, structure, value.start, undefined, build);
    this.addTable(structure, table);
    return table;
  }
}

function noTable(why: string, range: SourceRange): { kind: 'unknown'; why: string; range: SourceRange } {
  return { kind: 'unknown', why, range };
}
