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
