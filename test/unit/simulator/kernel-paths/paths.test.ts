import { describe, expect, it } from 'vitest';
import { errnos, events, play, QUIET } from '../support.ts';
import { PATHS, type Way } from './paths.ts';

describe.each(['6.1', '6.12'] as const)('Linux %s comes to', (kernel) => {
  const ways = Object.entries(PATHS).filter((entry): entry is [string, Way] => typeof entry[1] === 'object');
  it.each(ways.filter(([, way]) => (way.kernel ?? kernel) === kernel))('%s', (_place, way) => {
    const trace = play(way.workload ?? QUIET, way.steps, { kernel, timeLimit: 200_000_000, ...way.options });
    expect(errnos(trace).at(-1)).toBe(way.errno ?? 0);
    const lines = events(trace, 'log').map(({ text }) => text.replace(/^livepatch: /, ''));
    expect(lines).toEqual(expect.arrayContaining([...(way.lines ?? [])]));
    if (way.silent) expect(lines.filter((line) => !line.endsWith('tainting kernel with TAINT_LIVEPATCH'))).toEqual([]);
  });
});
