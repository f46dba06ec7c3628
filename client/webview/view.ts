/** The part of the run that is in sight, in microseconds. */
export interface View {
  readonly from: number;
  readonly to: number;
}

/** Nobody needs to see less than this much time at once: 5 ms, a little more than a tick. */
const NARROWEST = 5000;

/** All of a run, with a little air behind its end. */
export function wholeRun(end: number): View {
  return { from: 0, to: Math.max(Math.ceil(end * 1.03), NARROWEST) };
}

export function timeToX(at: number, view: View, width: number): number {
  return ((at - view.from) / (view.to - view.from)) * width;
}

/** A whole number of microseconds within the view. */
export function xToTime(x: number, view: View, width: number): number {
  if (width <= 0) return view.from;
  const at = view.from + (x / width) * (view.to - view.from);
  return Math.round(Math.min(Math.max(at, view.from), view.to));
}

/** Half as much time (`factor` 0.5) or twice as much (2), with `at` staying where it is. Never beyond the whole run. */
export function zoom(view: View, factor: number, at: number, end: number): View {
  const whole = wholeRun(end);
  const wide = whole.to - whole.from;
  const now = view.to - view.from;
  const next = Math.round(Math.min(Math.max(now * factor, NARROWEST), wide));
  const share = Math.min(Math.max((at - view.from) / now, 0), 1);
  return within(Math.round(at - share * next), next, whole);
}

/** Moved by a share of what is in sight: 0.25 is a quarter to the right. */
export function pan(view: View, share: number, end: number): View {
  const span = view.to - view.from;
  return within(Math.round(view.from + share * span), span, wholeRun(end));
}

/** The same width, with `at` in its middle as far as the run goes. */
export function centre(view: View, at: number, end: number): View {
  const span = view.to - view.from;
  return within(Math.round(at - span / 2), span, wholeRun(end));
}

/** The same width, moved just so far that `at` is in sight. */
export function reveal(view: View, at: number, end: number): View {
  const span = view.to - view.from;
  const margin = Math.round(span / 10);
  if (at < view.from) return within(at - margin, span, wholeRun(end));
  if (at > view.to) return within(at + margin - span, span, wholeRun(end));
  return view;
}

export interface Tick {
  readonly at: number;
  readonly text: string;
}

/** Round steps between the marks of an axis, in microseconds. */
const STEPS = [
  ...[1e3, 1e4, 1e5, 1e6, 1e7].flatMap((power) => [power, 2 * power, 5 * power]).filter((step) => step < 60e6),
  ...[1, 2, 5, 10, 30, 60].map((minutes) => minutes * 60e6),
];

/** Marks of the axis: round times, about `most` of them, each with as many decimals as tells them apart. */
export function ticks(view: View, most: number): Tick[] {
  const span = view.to - view.from;
  const fitting = STEPS.filter((step) => span / step <= Math.max(most, 2));
  // The widest that leaves two marks, when none is narrow enough.
  const step = fitting[0] !== undefined && fitting[0] <= span ? fitting[0] : STEPS.findLast((wide) => wide <= span);
  if (step === undefined) return [];
  const out: Tick[] = [];
  for (let at = Math.ceil(view.from / step) * step; at <= view.to; at += step) {
    out.push({ at, text: exactTime(at, step) });
  }
  return out;
}

/** `at` with the decimals that `step` needs: `15.002 s` beside `15.004 s`, `3 s` beside `4 s`. Steps are 1 ms and more. */
export function exactTime(at: number, step: number): string {
  if (at === 0) return '0';
  if (step >= 60_000_000) return `${Math.round(at / 60_000_000)} min`;
  if (step < 1_000_000 && at < 1_000_000) return `${Math.round(at / 1000)} ms`;
  const decimals = step >= 1_000_000 ? 0 : step >= 100_000 ? 1 : step >= 10_000 ? 2 : 3;
  return `${(at / 1_000_000).toFixed(decimals)} s`;
}

function within(from: number, span: number, whole: View): View {
  const start = Math.min(Math.max(from, whole.from), Math.max(whole.to - span, whole.from));
  return { from: start, to: Math.min(start + span, whole.to) };
}
