import type {
  KlpFunc,
  KlpObject,
  KlpTable,
  LivepatchModule,
  TableReference,
  Value,
} from '../../../shared/src/model/index.ts';

/** A value in a line: `12`, `"name"`, `-` for absent, `? why` for unknown, `? why ~ likely` with a guess. */
export function value(read: Value<unknown>): string {
  if (read.kind === 'absent') return '-';
  if (read.kind === 'unknown') return `? ${read.why}${read.likely === undefined ? '' : ` ~ ${read.likely}`}`;
  const { value: known } = read;
  return typeof known === 'object' && known !== null ? (known as { name: string }).name : JSON.stringify(known);
}

export function funcs(table: KlpTable<KlpFunc> | undefined): string[] {
  if (!table) return ['no table'];
  return table.entries.map((func) => {
    const sympos = func.oldSympos.kind === 'absent' ? '' : `, ${value(func.oldSympos)}`;
    const when = func.conditions.map(({ text }) => ` #if ${text}`).join('');
    return (func.terminator ? 'end' : `${value(func.oldName)} -> ${value(func.newFunc)}${sympos}`) + when;
  });
}

export function table<T>(reference: TableReference<T> | undefined): KlpTable<T> | undefined {
  return reference?.kind === 'known' ? reference.table : undefined;
}

export function objects(module: LivepatchModule): readonly KlpObject[] {
  return table(module.patches[0]?.objs)?.entries ?? [];
}
