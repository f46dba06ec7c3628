import { timeText } from '../simulator/time-text.ts';
import type { FrequentReplacement } from './frequent-replacement.ts';
import type { OperationCost } from './operation-costs.ts';
import type { UnfixedTime } from './unfixed.ts';
import { count } from './words.ts';

/** Replace policies in words, for the terminal and the panel alike. */

/** `f()`, `f() of ext4`. */
export function functionText({ object, function: name }: Pick<UnfixedTime, 'object' | 'function'>): string {
  return object === 'vmlinux' ? `${name}()` : `${name}() of ${object}`;
}

/** One time in which a fixed function ran unfixed. */
export function unfixedText(time: UnfixedTime): string {
  const { from, to, tasks } = time;
  if (to === null) return `${functionText(time)} is not fixed any more: nothing that is loaded replaces it.`;
  return `${functionText(time)} runs unfixed for ${to === from ? 'a moment' : timeText(to - from)}, in up to ${count(tasks, 'task')}.`;
}

/** What several transitions cost together. */
export function costText(costs: readonly OperationCost[]): string {
  const sum = (of: 'registered' | 'unregistered' | 'gracePeriods' | 'cpuRounds'): number =>
    costs.reduce((total, cost) => total + cost[of], 0);
  return `${count(costs.length, 'transition')}, ${count(sum('registered'), 'function')} registered with ftrace, ${sum('unregistered')} unregistered, ${graceText(sum('gracePeriods'))}, ${count(sum('cpuRounds'), 'round')} of work on every CPU`;
}

/** Waits for RCU-tasks: ftrace makes one of each kind for a function that nobody replaces any more. */
export function graceText(waits: number): string {
  if (waits === 0) return 'no RCU-tasks grace period';
  return `${count(waits, 'grace period')} of RCU-tasks, and as many of its rude kind`;
}

/** What each further version costs. */
export function frequentText(way: FrequentReplacement): string {
  const { title, complete, gracePeriods, registered, unregistered, cpuRounds, unfixed, depth } = way;
  if (!complete) return `${title}: a transition does not end here, or a version is refused.`;
  const off = unfixed === 0 ? 'no function runs unfixed' : `functions run unfixed for ${timeText(unfixed)}`;
  const piled = depth > 1 ? `; they pile up, ${depth} versions of each function after ${depth}` : '';
  return `${title}: ${count(registered, 'function')} registered with ftrace, ${unregistered} unregistered, ${graceText(gracePeriods)}, ${count(cpuRounds, 'round')} of work on every CPU; ${off}${piled}.`;
}
