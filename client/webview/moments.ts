import type { Trace } from '../../shared/src/simulator/trace.ts';

/**
 * The times at which something happens that a reader wants to stop at: steps, log lines, callbacks, phases, signal
 * rounds, tasks that block, and the passes in which a task switched. In order, each once; 0 and the end are there.
 */
export function moments(trace: Trace): number[] {
  const times = new Set<number>([0, trace.end]);
  for (const event of trace.events) {
    switch (event.type) {
      case 'pass':
        if (event.switched > 0 || event.signalled) times.add(event.at);
        break;
      case 'patch-state':
        if (event.how !== 'fork') times.add(event.at);
        break;
      case 'fork':
      case 'exit':
      case 'sysfs':
      case 'func-stack':
        break;
      default:
        times.add(event.at);
    }
  }
  return [...times].sort((a, b) => a - b);
}

/** The moment after `at`, or before it; the last or first one when there is none. */
export function neighbour(times: readonly number[], at: number, direction: 1 | -1): number {
  if (direction === 1) return times.find((time) => time > at) ?? times.at(-1) ?? 0;
  return times.findLast((time) => time < at) ?? 0;
}
