import type { PatchImage } from '../../../shared/src/model/index.ts';
import { axisTicks } from '../../../shared/src/picture/axis.ts';
import { lanes, type SegmentState } from '../../../shared/src/picture/lanes.ts';
import { type PictureRow, pictureRows } from '../../../shared/src/picture/timeline-svg.ts';
import type { Blocker, Forecast } from '../../../shared/src/simulator/forecast-types.ts';
import { frameText } from '../../../shared/src/simulator/reason-text.ts';
import { timeText } from '../../../shared/src/simulator/time-text.ts';
import type { Trace } from '../../../shared/src/simulator/trace.ts';
import { bullet, type Style, wrap } from './style.ts';

/** Rows of blocked tasks in the timeline. */
const MAX_ROWS = 8;
/** Points of a list, before "and so many more". */
const MAX_POINTS = 8;
const LABEL_WIDTH = 18;

/** The kernel log of one run with dmesg's time stamps: seconds since the module was loaded. Debug lines are left out. */
export function kernelLog(trace: Trace): string {
  return trace.events
    .flatMap((event) => (event.type === 'log' && event.level !== 'debug' ? [`${stamp(event.at)} ${event.text}\n`] : []))
    .join('');
}

/** `[    1.234567]`. */
function stamp(micros: number): string {
  const seconds = Math.floor(micros / 1_000_000);
  return `[${String(seconds).padStart(5)}.${String(micros % 1_000_000).padStart(6, '0')}]`;
}

/** The forecast in words, a timeline of `trace`, its log, and what was assumed. */
export function prettyForecast(
  image: PatchImage,
  forecast: Forecast,
  trace: Trace,
  style: Style,
  width: number,
): string {
  const { workload, kernel, seeds } = forecast;
  const wrapped = (text: string): string => wrap(text, width).join('\n');
  const parts = [
    style.bold(
      `Loading ${image.module} on Linux ${kernel}, ${workload.title} (${workload.tasks} tasks, ${seeds} seeds)`,
    ),
    wrapped(forecast.headline),
  ];
  const times = timesText(forecast);
  if (times !== '') parts.push(times);
  if (forecast.blockers.length > 0) {
    parts.push(`${style.bold('Who waits')}\n${bullets(forecast.blockers.map(blockerText), width)}`);
  }
  if (forecast.advice.length > 0) {
    parts.push(`${style.bold('What can be done')}\n${bullets(forecast.advice, width)}`);
  }
  if (forecast.callbacks.length > 0) parts.push(`${style.bold('Callbacks')}  ${forecast.callbacks.join(' → ')}`);
  parts.push(`${style.bold(`Timeline of seed ${trace.options.seed}`)}\n${timeline(trace, style, width)}`);
  const log = kernelLog(trace);
  if (log !== '') parts.push(`${style.bold('Kernel log')}\n${log.trimEnd()}`);
  const assumed = [...new Set([...image.assumptions, ...forecast.assumptions])];
  if (assumed.length > 0) parts.push(style.faint(`Assumed\n${bullets(assumed, width)}`));
  return `${parts.join('\n\n')}\n`;
}

function timesText({ errno, time, seeds, finished, timeLimit }: Forecast): string {
  if (errno !== 0) return '';
  const stuck =
    finished < seeds ? `${seeds - finished} of ${seeds} runs did not finish within ${timeText(timeLimit)}.` : '';
  if (!time) return stuck;
  return `Median ${timeText(time.median)}, 95 % within ${timeText(time.p95)}, longest ${timeText(time.max)}. ${stuck}`.trim();
}

function blockerText({ comm, tasks, reason, released, eintr, until }: Blocker): string {
  const why =
    reason.kind === 'sleeping-on'
      ? `sleeps in ${frameText(reason.function)}`
      : reason.kind === 'running'
        ? 'is running whenever the kernel looks'
        : reason.kind === 'unreliable'
          ? 'has a stack that the kernel cannot walk reliably'
          : reason.text;
  const after = until === null ? '' : ` after ${timeText(until)}`;
  const end = {
    signal:
      reason.kind === 'running'
        ? `the signal makes it leave the kernel${after}`
        : eintr === null
          ? `the signal wakes it${after}`
          : `the signal wakes it${after}, ${eintr}() returns EINTR`,
    'wakes-itself': `switches when it wakes up by itself${after}`,
    'kernel-exit': `switches when it leaves the kernel${after}`,
    never: 'nothing releases it',
  }[released];
  return `${comm}${tasks > 1 ? ` ×${tasks}` : ''} ${why}; ${end}`;
}

function bullets(texts: readonly string[], width: number): string {
  const shown = texts.slice(0, MAX_POINTS).map((text) => bullet(text, width));
  if (texts.length > MAX_POINTS) shown.push(`  - and ${texts.length - MAX_POINTS} more`);
  return shown.join('\n');
}

/** A row of characters for each kind of task: `-` old code, `#` held up, `=` new code, `!` signalled. */
function timeline(trace: Trace, style: Style, width: number): string {
  const columns = Math.max(20, Math.min(72, width - LABEL_WIDTH - 4));
  const rows = pictureRows(lanes(trace), MAX_ROWS).map(
    (row) => `  ${shorten(row.label).padStart(LABEL_WIDTH)} ${rowText(row, trace.end, columns, style)}`,
  );
  const legend = style.faint(`  ${' '.repeat(LABEL_WIDTH)} - not switched   # held up   = switched   ! signalled`);
  return [...rows, `  ${' '.repeat(LABEL_WIDTH)} ${axis(trace.end, columns)}`, legend].join('\n');
}

function rowText(row: PictureRow, end: number, columns: number, style: Style): string {
  const span = Math.max(1, end);
  let text = '';
  for (let column = 0; column < columns; column++) {
    const from = (column * span) / columns;
    const to = ((column + 1) * span) / columns;
    if (row.signals.some((at) => at >= from && at < to)) {
      text += style.yellow('!');
      continue;
    }
    const states = row.columns
      .filter((part) => part.from < to && part.to > from)
      .flatMap((part) => part.shares.map(({ state }) => state));
    text += mark(states, style);
  }
  return text;
}

/** The state that matters most in a stretch: held up before not switched before switched. */
function mark(states: readonly SegmentState[], style: Style): string {
  if (states.some((state) => state === 'blocked-old' || state === 'blocked-new')) return style.red('#');
  if (states.includes('old')) return style.yellow('-');
  if (states.includes('new')) return style.green('=');
  return states.length === 0 ? ' ' : style.faint('-');
}

function axis(end: number, columns: number): string {
  let text = '';
  for (const tick of axisTicks(end, 6)) {
    const at = Math.round((tick / Math.max(1, end)) * columns);
    const label = timeText(tick);
    if (at + label.length <= columns + 4) text = `${text.padEnd(at)}${text.length <= at ? label : ''}`;
  }
  return text;
}

function shorten(text: string): string {
  return text.length <= LABEL_WIDTH ? text : `${text.slice(0, LABEL_WIDTH - 1)}…`;
}
