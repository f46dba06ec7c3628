/** A time for people: `40 µs`, `2.5 ms`, `320 ms`, `16.1 s`, `2 min 5 s`. `micros` is microseconds, an integer. */
export function timeText(micros: number): string {
  if (micros < 0) return `-${timeText(-micros)}`;
  if (micros === 0) return '0 s';
  if (micros < 1000) return `${micros} µs`;
  if (micros < 9950) return `${(micros / 1000).toFixed(1)} ms`;
  if (micros < 999_500) return `${Math.round(micros / 1000)} ms`;
  if (micros < 99_950_000) return `${(micros / 1_000_000).toFixed(1)} s`;
  const seconds = Math.round(micros / 1_000_000);
  const rest = seconds % 60;
  return rest === 0 ? `${(seconds - rest) / 60} min` : `${(seconds - rest) / 60} min ${rest} s`;
}
