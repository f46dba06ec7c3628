/** A time for people: `0.4 ms`, `320 ms`, `16.1 s`, `2 min 5 s`. `micros` is microseconds, an integer. */
export function timeText(micros: number): string {
  if (micros < 0) return `-${timeText(-micros)}`;
  if (micros === 0) return '0 s';
  if (micros < 10_000) return `${(micros / 1000).toFixed(1)} ms`;
  if (micros < 1_000_000) return `${Math.round(micros / 1000)} ms`;
  if (micros < 99_950_000) return `${(micros / 1_000_000).toFixed(1)} s`;
  const seconds = Math.round(micros / 1_000_000);
  const rest = seconds % 60;
  return rest === 0 ? `${(seconds - rest) / 60} min` : `${(seconds - rest) / 60} min ${rest} s`;
}

/**
 * Times for the marks of an axis from 0 to `end` microseconds: round steps (1, 2 or 5 times a power of ten, or whole
 * minutes), at most `most` of them, 0 included.
 */
export function axisTicks(end: number, most: number): number[] {
  if (end <= 0) return [0];
  const steps = [1, 2, 5].flatMap((digit) => [1e3, 1e4, 1e5, 1e6, 1e7].map((power) => digit * power));
  const minutes = [1, 2, 5, 10, 30, 60, 180, 720].map((count) => count * 60_000_000);
  const step =
    [...steps.filter((s) => s < 60_000_000), ...minutes].sort((a, b) => a - b).find((s) => end / s <= most - 1) ??
    Math.ceil(end / (most - 1));
  const ticks: number[] = [];
  for (let at = 0; at <= end; at += step) ticks.push(at);
  return ticks;
}
