import type { VerifiedRun } from '../../shared/src/scenario/verified.ts';
import type { Trace } from '../../shared/src/simulator/trace.ts';
import type { LogLine } from './log-lines.ts';

/** Both sides' logs as one: lines that they have in common once, the others with the side that has them. */
export function comparedLog({ compared, simulated, real, release }: VerifiedRun): LogLine[] {
  const [ours, theirs] = [clock(simulated), clock(real)];
  const out: LogLine[] = [];
  for (const { rows } of compared) {
    for (const { kind, simulator, kernel } of rows) {
      if (kind !== 'log') continue;
      const [one, other] = [ours(simulator), theirs(kernel)];
      const at = one ?? other ?? out.at(-1)?.at ?? 0;
      if (simulator !== null && simulator === kernel) out.push({ at, kind: 'kernel', level: null, text: simulator });
      else if (simulator !== null) {
        out.push({ at, kind: 'only-simulated', level: null, text: `${simulator}   (simulator only)` });
      } else if (kernel !== null) {
        out.push({ at, kind: 'only-kernel', level: null, text: `${kernel}   (Linux ${release} only)` });
      }
    }
  }
  return out;
}

/** Tells the times of a trace's log lines, which are asked for in their order. Null for no line. */
function clock({ events }: Trace): (line: string | null) => number | null {
  let next = 0;
  return (line) => {
    if (line === null) return null;
    for (let place = next; place < events.length; place++) {
      const event = events[place];
      const text =
        event?.type === 'log'
          ? event.text
          : event?.type === 'callback'
            ? `${event.patch}: callback ${event.callback} ${event.object}`
            : null;
      if (event === undefined || text !== line) continue;
      next = place + 1;
      return event.at;
    }
    return null;
  };
}
