import type { Lane, SegmentState } from '../../../shared/src/picture/lanes.ts';
import type { BlockReason, Trace, TraceEvent, TraceTask } from '../../../shared/src/simulator/trace.ts';

/** Small traces and lanes for tests. Times are microseconds. */

export const SLEEPS_IN_POLL: BlockReason = { kind: 'sleeping-on', function: 'do_sys_poll', original: 'do_sys_poll' };

export function task(id: number, comm: string, kind: TraceTask['kind'] = 'user'): TraceTask {
  return { id, comm, kind, group: 0 };
}

/** `lane(task, 0, 'old', 10, 'new', 100)` runs old code from 0 to 10 and new code from then to 100. */
export function lane(of: TraceTask, ...parts: (number | SegmentState)[]): Lane {
  const segments: Lane['segments'][number][] = [];
  for (let index = 0; index + 2 < parts.length; index += 2) {
    const [from, state, to] = parts.slice(index, index + 3) as [number, SegmentState, number];
    const blocked = state === 'blocked-old' || state === 'blocked-new';
    segments.push({
      from,
      to,
      state,
      reason: blocked ? SLEEPS_IN_POLL : null,
      stack: blocked ? ['schedule', 'do_sys_poll'] : [],
    });
  }
  return { task: of, segments, marks: [] };
}

export function trace(events: readonly TraceEvent[], end: number, tasks: readonly TraceTask[] = []): Trace {
  return {
    format: 'livepatch-trace-1',
    options: { kernel: '6.12', model: 'hybrid', workload: 'test', seed: 1, timeLimit: 60_000_000, assumptions: [] },
    tasks,
    events,
    end,
    stopped: 'quiet',
  };
}
