import { EINVAL } from './errno.ts';
import { pr } from './log.ts';
import type { Machine } from './machine.ts';
import type { SymbolMatch } from './symbols.ts';

/** What a compiler can call a symbol; `f()` and `f ` are in no table. */
const SYMBOL_NAME = /^[\w.$]+$/;

/** What a symbol is taken to be whose object's table is not known. */
const ORDINARY: SymbolMatch = { traceable: true };

/**
 * klp_find_object_symbol(): the symbol of that name and position, an errno when there is none. `object` is null for vmlinux;
 * position 0 wants the only one of that name.
 */
export function findObjectSymbol(
  m: Machine,
  object: string | null,
  name: string,
  sympos: number,
): SymbolMatch | number {
  const matches = SYMBOL_NAME.test(name) && isThere(m, object) ? (m.symbols?.find(object, name) ?? null) : [];
  if (matches === null) return ORDINARY;
  if (matches.length === 0) {
    pr(m, 'err', `symbol '${name}' not found in symbol table`);
    return EINVAL;
  }
  if (sympos === 0 && matches.length > 1) {
    pr(m, 'err', `unresolvable ambiguity for symbol '${name}' in object '${object ?? '(null)'}'`);
    return EINVAL;
  }
  const match = matches[Math.max(sympos, 1) - 1];
  if (match === undefined) {
    const where = `symbol position ${sympos} for symbol '${name}' in object '${object ?? 'vmlinux'}'`;
    pr(m, 'err', `${where} not found`);
    return EINVAL;
  }
  return match;
}

function isThere(m: Machine, object: string | null): boolean {
  return object === null || m.modules.has(object);
}
