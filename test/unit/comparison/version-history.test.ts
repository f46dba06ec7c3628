import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Version, versionHistories } from '../../../shared/src/comparison/version-history.ts';
import { stateAt } from '../../../shared/src/simulator/replay.ts';
import { at, load, patch, play, QUIET, SECOND, STUCK, write } from '../simulator/support.ts';

/** Which version of each function tasks run, over time. */

const name = (version: Version): string => (version === 'original' ? version : version.patch);
const story = (trace: ReturnType<typeof play>, wanted: string): string[] =>
  (versionHistories(trace).find((each) => each.function === wanted)?.spans ?? []).map(
    ({ from, stack, runs }) =>
      `${(from / SECOND).toFixed(0)} s [${stack.map((entry) => entry.patch).join(' ')}] ${runs
        .map(({ version, tasks }) => `${name(version)} ×${tasks}`)
        .join(', ')}`,
  );

describe('the history of a function', () => {
  it('is a replacement, the next one on top of it, and the first again', () => {
    const trace = play(QUIET, [
      at(0, load(patch('a', { vmlinux: ['f'] }))),
      at(5, load(patch('b', { vmlinux: ['f'] }))),
      at(10, write('b/enabled', '0')),
    ]);
    expect(story(trace, 'f').map((line) => line.replace(/^\d+ s /, ''))).toEqual([
      '[a] a ×2',
      '[b a] b ×2',
      '[a] a ×2',
    ]);
  });

  it('says of a transition that does not end who still runs the old version', () => {
    const trace = play(STUCK, [at(0, load(patch('a', { vmlinux: ['msleep', 'g'] })))]);
    for (const wanted of ['msleep', 'g']) expect(story(trace, wanted).at(-1)).toMatch(/\[a\] a ×2, original ×1$/);
  });

  it('goes without gaps to the end, counts every task, and ends as the machine does', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            module: fc.constantFrom('a', 'b', 'c'),
            funcs: fc.subarray(['f', 'g', 'msleep'], { minLength: 1 }),
            replace: fc.boolean(),
            disable: fc.boolean(),
            gap: fc.integer({ min: 0, max: 40 }),
          }),
          { maxLength: 6 },
        ),
        fc.constantFrom(QUIET, STUCK),
        (doings, workload) => {
          let time = 0;
          const steps = doings.map(({ module, funcs, replace, disable, gap }) => {
            time += gap / 10;
            return disable
              ? at(time, write(`${module}/enabled`, '0'))
              : at(time, load(patch(module, { vmlinux: funcs }, { replace })));
          });
          const trace = play(workload, steps);
          const { funcStacks, tasks } = stateAt(trace, trace.end);
          for (const { function: wanted, spans } of versionHistories(trace)) {
            spans.forEach((span, index) => {
              expect(span.to).toBe(spans[index + 1]?.from ?? trace.end);
              expect(span.runs.reduce((sum, run) => sum + run.tasks, 0)).toBe(tasks.length);
            });
            const stack = funcStacks.find((func) => func.function === wanted)?.stack ?? [];
            expect(spans.at(-1)?.stack).toEqual(stack);
          }
        },
      ),
      { numRuns: 80 },
    );
  });
});
