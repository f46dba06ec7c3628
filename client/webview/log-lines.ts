import type { LogLevel, Trace } from '../../shared/src/simulator/trace.ts';
import { errnoText, shellText } from './words.ts';

/**
 * A line of the log pane: the kernel's own, or what was done and which callbacks ran, between them; beside a real kernel's
 * log also what only one side has.
 */
export interface LogLine {
  readonly at: number;
  readonly kind: 'kernel' | 'callback' | 'shell' | 'finding' | 'only-simulated' | 'only-kernel';
  /** Of a kernel line. */
  readonly level: LogLevel | null;
  readonly text: string;
}

/** Everything that the log pane can show of a run, in order. `debug` adds lines that only dynamic debug shows. */
export function logLines(trace: Trace, debug: boolean): LogLine[] {
  const out: LogLine[] = [];
  for (const event of trace.events) {
    const { at } = event;
    switch (event.type) {
      case 'log':
        if (debug || event.level !== 'debug') out.push({ at, kind: 'kernel', level: event.level, text: event.text });
        break;
      case 'callback': {
        const result = event.callback === 'pre_patch' ? ` returned ${event.returns}` : '';
        const text = `${event.patch}: ${event.callback} of ${event.object}, ${event.function}()${result}`;
        out.push({ at, kind: 'callback', level: null, text });
        break;
      }
      case 'step': {
        const result = event.errno === 0 ? '' : `   → ${errnoText(event.errno)}`;
        out.push({ at, kind: 'shell', level: null, text: `# ${shellText(event.step)}${result}` });
        break;
      }
      case 'finding':
        out.push({ at, kind: 'finding', level: null, text: event.text });
        break;
      default:
        break;
    }
  }
  return out;
}

/** How many lines stand before or at `at`: those that a reader of the log would have seen by then. */
export function linesUntil(lines: readonly LogLine[], at: number): number {
  let low = 0;
  let high = lines.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((lines[middle] as LogLine).at <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}
