import * as knownStacks from '../../../shared/src/simulator/workloads/stacks.ts';
import { HIDDEN_FRAMES } from './hidden-frames.ts';

/** Functions of the section .sched.text, which the kernel leaves out of /proc/PID/stack (kernel/stacktrace.c). */
const SCHEDULER: ReadonlySet<string> = new Set([
  '__schedule',
  'schedule',
  'schedule_timeout',
  'schedule_hrtimeout_range_clock',
  'do_nanosleep',
  'io_schedule',
]);

/** The scheduler's frames above the innermost one that /proc shows, as far as stacks of sleeping tasks are known whole. */
const ABOVE: ReadonlyMap<string, readonly string[]> = new Map([
  ...Object.values(knownStacks)
    .filter((stack) => stack[0] === '__schedule')
    .map((stack): [string, readonly string[]] => {
      const shown = stack.findIndex((frame) => !SCHEDULER.has(frame));
      return [stack[shown] as string, stack.slice(0, shown)];
    }),
  ...[...HIDDEN_FRAMES].map(([innermost, hidden]): [string, readonly string[]] => [
    innermost,
    ['__schedule', 'schedule', ...hidden.split(';')],
  ]),
]);

/**
 * The stack of a sleeping task as the kernel's own check walks it, from what /proc/PID/stack shows: `schedule()` is in
 * front, and what a known wait has between it and the first function that is shown.
 */
export function withScheduler(shown: readonly string[]): readonly string[] {
  const [innermost] = shown;
  if (innermost === undefined) return [];
  if (innermost === '__schedule') return shown;
  return [...(ABOVE.get(innermost) ?? ['__schedule', 'schedule']), ...shown];
}
