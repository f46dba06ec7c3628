/** Runs something once to warm up and then `rounds` times. Returns the median in milliseconds. */
export async function median(rounds: number, run: (round: number) => unknown, warmUp = true): Promise<number> {
  const times: number[] = [];
  for (let round = warmUp ? -1 : 0; round < rounds; round++) {
    const start = performance.now();
    await run(round);
    if (round >= 0) times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length / 2)] as number;
}

export interface Row {
  readonly what: string;
  readonly ours: number;
  readonly unit: 'ms' | 'MB';
  /** What it is compared with, in the same unit; null when there is nothing. */
  readonly floor: { readonly what: string; readonly value: number } | null;
}

/** A table for a terminal. */
export function formatRows(rows: readonly Row[]): string {
  const number = (value: number, unit: string) => `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${unit}`;
  const cells = rows.map(({ what, ours, unit, floor }) => [
    what,
    number(ours, unit),
    floor ? number(floor.value, unit) : '',
    floor ? `${(ours / floor.value).toFixed(2)} ×` : '',
    floor?.what ?? '',
  ]);
  const table = [['', 'ours', 'floor', 'ratio', 'what the floor is'], ...cells];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...table.map((row) => (row[column] as string).length)));
  return table
    .map((row) =>
      row
        .map((cell, column) =>
          column >= 1 && column <= 3 ? cell.padStart(widths[column] as number) : cell.padEnd(widths[column] as number),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
