/** How far three logs of one test are the same. */
export interface Agreement {
  /** Lines that stand in all three at the same place. */
  readonly lines: number;
  /** The first difference between each two of them; empty when they are the same. */
  readonly differences: readonly string[];
}

/** Compares what a selftest demands, the simulator's log and a real kernel's, line by line. */
export function compareLogs(
  demanded: readonly string[],
  simulated: readonly string[],
  kernel: readonly string[],
): Agreement {
  const logs = { selftest: demanded, simulator: simulated, kernel };
  const length = Math.max(demanded.length, simulated.length, kernel.length);
  const differences = new Map<string, string>();
  let lines = 0;
  for (let i = 0; i < length; i++) {
    const same = PAIRS.filter(([one, other]) => {
      const [a, b] = [logs[one][i], logs[other][i]].map(withoutPids);
      if (a === b) return true;
      const pair = `${one} and ${other}`;
      if (!differences.has(pair)) differences.set(pair, `${pair}, line ${i + 1}: ${quoted(a)}, ${quoted(b)}`);
      return false;
    });
    if (same.length === PAIRS.length) lines++;
  }
  return { lines, differences: [...differences.values()] };
}

const PAIRS = [
  ['selftest', 'kernel'],
  ['selftest', 'simulator'],
  ['simulator', 'kernel'],
] as const;

/** One test hands pids of its own processes to a module, one for each CPU. */
function withoutPids(line: string | undefined): string | undefined {
  return line?.replace(/\bklp_pids=\d+(?:,\d+)*/, 'klp_pids=…');
}

function quoted(line: string | undefined): string {
  return line === undefined ? 'nothing' : `"${line}"`;
}
