import type { Trace, TraceEvent } from '../../../shared/src/simulator/trace.ts';

/** A line that the script itself writes into the kernel log, at this time (microseconds). */
export interface ScriptLine {
  readonly at: number;
  readonly text: string;
}

/**
 * Who put a line into the log: the script, kernel/livepatch, or the C code of a test module, called by livepatch (`module`)
 * or calling it (`shadow`: the module of test-shadow-vars.sh, which no simulated patch has a part in).
 */
export type LineSource = 'script' | 'livepatch' | 'module' | 'shadow';

export interface LogLine {
  readonly source: LineSource;
  readonly text: string;
}

/** Lines of the script and of the machine up to a time, as one log. `printed` tells what C code prints at an event. */
export function kernelLog(
  trace: Trace,
  until: number,
  script: readonly ScriptLine[],
  printed: (event: TraceEvent) => readonly LogLine[],
): LogLine[] {
  const log: LogLine[] = [];
  const waiting = [...script];
  const scriptUpTo = (at: number) => {
    while (waiting[0] && waiting[0].at < at) log.push({ source: 'script', text: waiting.shift()?.text ?? '' });
  };
  for (const event of trace.events) {
    if (event.at > until) break;
    scriptUpTo(event.at);
    if (event.type === 'log') {
      if (isShown(event.text)) log.push({ source: 'livepatch', text: event.text });
    } else {
      log.push(...printed(event));
    }
  }
  scriptUpTo(Number.MAX_SAFE_INTEGER);
  return log;
}

/** setup_config switches the debug lines of klp_try_switch_task() off. */
function isShown(text: string): boolean {
  return !text.startsWith('livepatch: klp_try_switch_task: ') && isCompared(text);
}

/** What check_result looks at: lines of livepatch and of the test modules, without those about taint. */
export function isCompared(text: string): boolean {
  return /livepatch:|test_klp/.test(text) && !/(?:tainting|taints) kernel/.test(text);
}
