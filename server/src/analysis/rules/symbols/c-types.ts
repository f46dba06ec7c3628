import type { Prototype } from '../../../kernel/knowledge.ts';

/** What can be told of a C type from its text. */
export type TypeClass =
  | { readonly kind: 'void' }
  /** `to` is what it points to, without qualifiers; null when that can be anything. */
  | { readonly kind: 'pointer'; readonly to: string | null }
  /** A number that does not fill a register. */
  | { readonly kind: 'small' }
  /** Numbers as wide as a pointer, typedefs, structures by value, macros. */
  | { readonly kind: 'unknown' };

const QUALIFIERS = /\b(?:const|volatile|restrict|__restrict|register|__user|__rcu|__iomem|__percpu|__maybe_unused)\b/g;
const SMALL =
  /^(?:(?:un)?signed )?(?:char|short|int|short int)$|^(?:un)?signed$|^(?:bool|_Bool|[us](?:8|16|32)|__[us](?:8|16|32)|u?int(?:8|16|32)_t|gfp_t|umode_t|pid_t|uid_t|gid_t)$/;

/** Reads a type as C writes it without a name: `const struct path *`. */
export function classOf(type: string): TypeClass {
  const text = type.replace(QUALIFIERS, ' ').replace(/\s+/g, ' ').trim();
  if (text === 'void') return { kind: 'void' };
  if (/[([]/.test(text)) return { kind: 'pointer', to: null };
  const pointer = /^([^*]*?) ?((?:\* ?)+)$/.exec(text);
  if (pointer) {
    const stars = (pointer[2] ?? '').replace(/ /g, '');
    const to = pointer[1] ?? '';
    return { kind: 'pointer', to: stars === '*' && /^(?:struct|union) \w+$/.test(to) ? to : null };
  }
  return SMALL.test(text) ? { kind: 'small' } : { kind: 'unknown' };
}

/** Whether a value of the one type can never be meant where the other is expected. */
export function contradicts(a: TypeClass, b: TypeClass): boolean {
  if (a.kind === 'pointer' && b.kind === 'pointer') return a.to !== null && b.to !== null && a.to !== b.to;
  return (a.kind === 'pointer' && b.kind === 'small') || (a.kind === 'small' && b.kind === 'pointer');
}

/** A declaration of a parameter: `int (*show)(void)`, `struct file *file`. */
function declaration(type: string, name: string): string {
  const hole = /\(\*+\)/.exec(type);
  if (hole)
    return `${type.slice(0, hole.index + hole[0].length - 1)}${name}${type.slice(hole.index + hole[0].length - 1)}`;
  return type.endsWith('*') ? `${type}${name}` : `${type} ${name}`;
}

/** The head of a definition with this prototype, under another name: `int fixed(struct file *file)`. */
export function headOf({ returns, parameters }: Prototype, name: string): string {
  const list = parameters.map((one, index) => declaration(one.type, one.name ?? `arg${index + 1}`));
  return `${declaration(returns, name)}(${list.join(', ') || 'void'})`;
}
