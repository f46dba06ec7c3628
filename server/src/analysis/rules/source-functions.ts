import type { SourceFunction, TargetKernel } from '../rule.ts';
import { symbolOf, type Target } from './targets.ts';

/** Words in a definition after which ftrace has no call to hook (include/linux/compiler_types.h, 6.1 to 6.12). */
const NOT_TRACED = ['notrace', 'noinstr', '__no_instrument_function__'];

/**
 * How the target kernel's source defines a function of vmlinux. Null when there is no source, it has none of that name or
 * several, and for modules: which of several files of a tree a module is made of is not known.
 */
export function inSource({ source }: TargetKernel, { name, objectName }: Target): SourceFunction | null {
  const [first, ...more] = (objectName === null && source?.get(name)) || [];
  return first && more.length === 0 ? first : null;
}

/** The word that keeps ftrace away from it; null when there is none. */
export function untracedWord({ attributes }: Pick<SourceFunction, 'attributes'>): string | null {
  return NOT_TRACED.find((word) => attributes.includes(word)) ?? null;
}

/** Whether its copies are in its callers, and there may be no symbol of it. */
export function isInlined({ inline, attributes }: Pick<SourceFunction, 'attributes' | 'inline'>): boolean {
  return inline || attributes.includes('__always_inline');
}

/**
 * Whether the symbols of the user's own kernel say which function is meant: they were made of that kernel, and hold against
 * a source that may be another.
 */
export function symbolsDecide({ knowledge }: TargetKernel, target: Target): boolean {
  if (!knowledge || knowledge.reference) return false;
  const symbol = symbolOf(knowledge, target);
  return symbol === null || (symbol !== undefined && symbol.traceable !== null);
}
