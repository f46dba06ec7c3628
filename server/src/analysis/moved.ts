import type {
  CallSite,
  Condition,
  FieldInitialiser,
  FunctionDefinition,
  FunctionReference,
  KlpFunc,
  KlpState,
  KlpTable,
  ResultUse,
  SourceRange,
  Value,
} from '../../../shared/src/model/index.ts';

/**
 * Where a top-level item went: an edit before it moves all that was read from it, and changes nothing else. Copying a
 * reading with other offsets takes a tenth of what reading takes. Only for items without directives of their own: all
 * that was read from them stands under the same arms of `#if`.
 */
export interface Move {
  /** Added to each offset. */
  readonly by: number;
  /** The arms around the item's new place. */
  readonly conditions: readonly Condition[];
}

export function movedFunction(definition: FunctionDefinition, move: Move): FunctionDefinition {
  const { by, conditions } = move;
  return {
    name: definition.name,
    nameRange: moved(definition.nameRange, by),
    returnType: definition.returnType,
    parameters: definition.parameters,
    static: definition.static,
    inline: definition.inline,
    attributes: definition.attributes,
    conditions,
    range: moved(definition.range, by),
    bodyRange: moved(definition.bodyRange, by),
    calls: movedAll(definition.calls, (call) => movedCall(call, move)),
    returns: definition.returns.map(({ range, value, text }) => ({
      range: moved(range, by),
      value: movedValue(value, by),
      text,
    })),
    staticLocals: movedAll(definition.staticLocals, ({ name, range }) => ({ name, range: moved(range, by) })),
    uses: definition.uses,
  };
}

function movedCall(call: CallSite, { by, conditions }: Move): CallSite {
  return {
    callee: call.callee,
    calleeRange: moved(call.calleeRange, by),
    range: moved(call.range, by),
    arguments: call.arguments.map(({ text, range, constant }) => ({
      text,
      range: moved(range, by),
      constant: movedValue(constant, by),
    })),
    conditions,
    result: movedResult(call.result, by),
  };
}

function movedResult(result: ResultUse, by: number): ResultUse {
  if (result.kind !== 'assigned' || result.dereferencedFirst === null) return result;
  return { ...result, dereferencedFirst: moved(result.dereferencedFirst, by) };
}

export function movedFuncTable(table: KlpTable<KlpFunc>, move: Move): KlpTable<KlpFunc> {
  const { by, conditions } = move;
  const entries = table.entries.map(
    ({ range, fields, terminator, oldName, newFunc, oldSympos }): KlpFunc => ({
      range: moved(range, by),
      fields: movedFields(fields, by),
      conditions,
      terminator,
      oldName: movedValue(oldName, by),
      newFunc: movedReference(newFunc, by),
      oldSympos: movedValue(oldSympos, by),
    }),
  );
  return movedTable(table, entries, move);
}

export function movedStateTable(table: KlpTable<KlpState>, move: Move): KlpTable<KlpState> {
  const { by, conditions } = move;
  const entries = table.entries.map(
    ({ range, fields, terminator, id, version }): KlpState => ({
      range: moved(range, by),
      fields: movedFields(fields, by),
      conditions,
      terminator,
      id: movedValue(id, by),
      version: movedValue(version, by),
    }),
  );
  return movedTable(table, entries, move);
}

function movedTable<T>(table: KlpTable<T>, entries: readonly T[], { by, conditions }: Move): KlpTable<T> {
  const { name, nameRange, range, declarationRange, storage, declaredLength, terminated, open } = table;
  const named = nameRange && moved(nameRange, by);
  const declaration = moved(declarationRange, by);
  return {
    id: tableId(name, named ?? declaration),
    name,
    nameRange: named,
    range: moved(range, by),
    declarationRange: declaration,
    storage,
    declaredLength: movedValue(declaredLength, by),
    conditions,
    entries,
    open,
    terminated,
  };
}

/** A table's id: of its name and where that stands, or, for a compound literal, where the literal does. */
export function tableId(name: string | null, { file, start }: SourceRange): string {
  return `${name ?? 'compound'}@${file}:${start}`;
}

function movedFields(fields: readonly FieldInitialiser[], by: number): FieldInitialiser[] {
  return fields.map(({ name, positional, nameRange, valueRange, valueText, conditions }) => ({
    name,
    positional,
    nameRange: moved(nameRange, by),
    valueRange: moved(valueRange, by),
    valueText,
    conditions,
  }));
}

function movedReference(value: Value<FunctionReference>, by: number): Value<FunctionReference> {
  if (value.kind !== 'known') return movedValue(value, by);
  const { name, range, shape } = value.value;
  return { kind: 'known', value: { name, range: moved(range, by), shape }, range: moved(value.range, by) };
}

/** Most functions have no static variables, and many call nothing: an empty list can stay the same one. */
function movedAll<T>(list: readonly T[], move: (one: T) => T): readonly T[] {
  return list.length === 0 ? list : list.map(move);
}

/** A value that holds no places itself. */
function movedValue<T>(value: Value<T>, by: number): Value<T> {
  switch (value.kind) {
    case 'absent':
      return value;
    case 'known':
      return { kind: 'known', value: value.value, range: moved(value.range, by) };
    case 'unknown':
      return { ...value, range: moved(value.range, by) };
  }
}

function moved({ file, start, end }: SourceRange, by: number): SourceRange {
  return { file, start: start + by, end: end + by };
}
