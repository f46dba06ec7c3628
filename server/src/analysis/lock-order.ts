import type { CallSite } from '../../../shared/src/model/index.ts';

/** Two locks by the expressions that name them: the second is taken while the first is held. */
export interface LockPair {
  readonly first: string;
  readonly second: string;
}

/** A pair with the call that takes the second lock. */
export interface TakenPair extends LockPair {
  readonly call: CallSite;
}

/** Functions that wait for a lock; those that only try never wait (include/linux/{spinlock,mutex,rwsem,rwlock,fs}.h, 6.1 to 6.12). */
const TAKES =
  /^(?:(?:raw_)?(?:spin|read|write)_lock|mutex_lock|rt_mutex_lock|down(?:_read|_write)?|inode_lock(?:_shared)?)(?:_(?:bh|irq|irqsave|nested|interruptible|killable|io|nest_lock|irqsave_nested|bh_nested))*$/;
const GIVES =
  /^(?:(?:raw_)?(?:spin|read|write)_unlock(?:_(?:bh|irq|irqrestore))?|mutex_unlock|rt_mutex_unlock|up(?:_read|_write)?|inode_unlock(?:_shared)?)$/;

/** More locks than this are held by no function at once. */
const MOST_HELD = 16;

/**
 * Which locks a function takes while it holds which, in the order of its text. What stands in a branch is taken for what
 * happens: a path that returns early gives its locks back, so later pairs may be missing, and hardly one is too much.
 * Calls in an `#if` are left out.
 */
export function lockPairs(calls: readonly CallSite[]): TakenPair[] {
  const pairs: TakenPair[] = [];
  const held: string[] = [];
  for (const call of calls.toSorted((a, b) => a.range.start - b.range.start)) {
    const isTaken = TAKES.test(call.callee);
    const lock = isTaken || GIVES.test(call.callee) ? lockOf(call) : null;
    if (lock === null || call.conditions.length > 0) continue;
    const at = held.indexOf(lock);
    if (!isTaken) {
      if (at >= 0) held.splice(at, 1);
    } else if (at < 0 && held.length < MOST_HELD) {
      pairs.push(...held.map((first) => ({ first, second: lock, call })));
      held.push(lock);
    }
  }
  return pairs;
}

/** The first pair that the other function has the other way round, when neither has it both ways. */
export function reversedPair<T extends LockPair>(pairs: readonly T[], others: readonly LockPair[]): T | null {
  const has = (list: readonly LockPair[], first: string, second: string) =>
    list.some((pair) => pair.first === first && pair.second === second);
  return (
    pairs.find(
      ({ first, second }) => has(others, second, first) && !has(others, first, second) && !has(pairs, second, first),
    ) ?? null
  );
}

/** The lock as an expression without blanks: `inode->i_lock` for `&inode->i_lock`. */
function lockOf({ arguments: [first] }: CallSite): string | null {
  const text = first?.text.replace(/\s+/g, '').replace(/^&/, '') ?? '';
  return text === '' || text.length > 200 ? null : text;
}
