import { areExclusive, type KlpFunc, type KlpTable } from '../../../../shared/src/model/index.ts';
import { seenEntries } from './tables.ts';

/** Two entries of one table that name the same function. */
export interface FuncPair {
  readonly first: KlpFunc;
  readonly second: KlpFunc;
  readonly name: string;
  readonly firstSympos: number;
  readonly secondSympos: number;
}

/** Each entry of a table with the first one before it that has the same name and position, 0 and 1 being the same. */
export function repeatedFuncs(table: KlpTable<KlpFunc>): readonly FuncPair[] {
  const known = repeated.get(table) ?? findRepeated(table);
  repeated.set(table, known);
  return known;
}

const repeated = new WeakMap<KlpTable<KlpFunc>, readonly FuncPair[]>();

function findRepeated(table: KlpTable<KlpFunc>): FuncPair[] {
  const seen = new Map<string, { sympos: number; entry: KlpFunc }[]>();
  const pairs: FuncPair[] = [];
  for (const entry of seenEntries(table)) {
    if (entry.oldName.kind !== 'known' || entry.oldSympos.kind === 'unknown') continue;
    const name = entry.oldName.value;
    const sympos = entry.oldSympos.kind === 'known' ? entry.oldSympos.value : 0;
    const before = seen.get(name);
    const first = before?.find(
      (other) =>
        Math.max(other.sympos, 1) === Math.max(sympos, 1) && !areExclusive(other.entry.conditions, entry.conditions),
    );
    if (first) {
      pairs.push({ first: first.entry, second: entry, name, firstSympos: first.sympos, secondSympos: sympos });
    }
    if (before) before.push({ sympos, entry });
    else seen.set(name, [{ sympos, entry }]);
  }
  return pairs;
}
