import { describe, expect, it } from 'vitest';
import { compareModels, defaultChoices } from '../../../shared/src/comparison/compare.ts';
import { measure } from '../../../shared/src/comparison/measure.ts';
import { PATCHING_MODELS } from '../../../shared/src/comparison/models/index.ts';
import { reasonOf } from '../../../shared/src/comparison/words.ts';
import { machine, patch, SECOND, task } from '../simulator/support.ts';
import { inF, init, PATCH, rowOf } from './machines.ts';

const workload = machine([init, inF]);
const options = { workload, kernel: '6.12', seeds: [1] };

describe('a comparison', () => {
  it('names the patch, the machine, and how long its time axis is', () => {
    const comparison = compareModels(PATCH, options);
    expect(comparison).toMatchObject({
      module: 'lp',
      functions: ['f', 'g'],
      workload: { id: 'test', tasks: 3 },
      kernel: '6.12',
      seed: 1,
      timeLimit: 60 * SECOND,
    });
    expect(comparison.end).toBe(Math.max(...comparison.rows.map((row) => row.end)));
    expect(comparison.assumptions.join()).toContain('built from documents');
  });

  it('says of the hybrid model on other versions that it was not compared with a kernel', () => {
    const rows = compareModels(PATCH, {
      ...options,
      choices: [{ model: 'hybrid' }, { model: 'hybrid', kernel: '6.1' }, { model: 'hybrid', kernel: '6.6' }],
    }).rows;
    expect(rows.map(({ title, evidence }) => [title, evidence])).toEqual([
      ['Hybrid, Linux 6.12', 'kernel'],
      ['Hybrid, Linux 6.1', 'kernel'],
      ['Hybrid, Linux 6.6', 'documents'],
    ]);
  });

  it('has a row for each kernel that the hybrid model is known of, the asked one first', () => {
    const hybrids = (kernel: string) =>
      defaultChoices(kernel).flatMap((choice) => (choice.model === 'hybrid' ? [choice.kernel ?? kernel] : []));
    expect(hybrids('6.12')).toEqual(['6.12', '6.1']);
    expect(hybrids('6.1')).toEqual(['6.1', '6.12']);
    expect(hybrids('6.6')).toEqual(['6.6', '6.1', '6.12']);
  });

  it('says how other seeds went', () => {
    const spell = { min: SECOND, max: 6 * SECOND };
    const sometimes = task('sometimes', [
      { do: 'sleep', for: spell, stack: ['schedule', 'f'], state: 'uninterruptible' },
      { do: 'user', for: spell },
    ]);
    const row = rowOf('kpatch', machine([init, sometimes]), {}, { seeds: [1, 2, 3, 4, 5, 6, 7, 8] });
    expect(row.seeds?.runs).toBe(8);
    expect(row.seeds?.done).toBeGreaterThan(1);
    expect(row.seeds?.time?.min).toBeLessThan(row.seeds?.time?.max ?? 0);
    expect(rowOf('kpatch', workload, {}, { seeds: [1, 2, 3] }).seeds).toEqual({ runs: 3, done: 0, time: null });
    expect(rowOf('kpatch', workload).seeds).toBeNull();
  });

  it('says so when a run is given up, and claims nothing of what would have come', () => {
    const [model] = PATCHING_MODELS;
    if (model === undefined) throw new Error('there is no model');
    const setting = { model, image: PATCH, workload, seed: 1, kernel: '6.12', timeLimit: 7 * SECOND };
    const run = { ...setting, parameters: {}, variants: {} };
    const measures = measure({ ...model.play(run), stopped: 'event-limit' }, new Set(['f']));
    expect(measures.gaveUp).toBe(true);
    expect(reasonOf(measures, run)).toBe(
      'The simulation took too many events and stopped at 7.0 s: what comes then is not known.',
    );
  });

  it('knows functions of modules that are loaded, and leaves out those of others', () => {
    const image = patch('lp', { ext4: ['h'], xfs: ['k'] });
    const comparison = compareModels(image, {
      ...options,
      workload: machine([init], { modules: ['ext4'] }),
      choices: [{ model: 'kpatch' }],
    });
    expect(comparison.functions).toEqual(['h [ext4]']);
  });

  it('tells what the kernel refuses', () => {
    const image = patch('lp', { vmlinux: ['f'] }, { livepatchMark: false });
    expect(rowOf('hybrid', workload, {}, { image })).toMatchObject({
      outcome: 'refused',
      reason: 'The kernel refuses the patch (errno 22).',
      switched: 0,
    });
  });

  it.each([
    [{ model: 'kexec' }, "there is no model 'kexec'"],
    [{ model: 'kpatch', parameters: { stop: 1 } }, "model 'kpatch' has no parameter 'stop'"],
    [{ model: 'kpatch', parameters: { attempts: 0 } }, "parameter 'attempts' needs a whole number from 1"],
    [{ model: 'kgraft', variants: { signals: 'none' } }, "model 'kgraft' has no variant 'signals'"],
    [
      { model: 'kgraft', variants: { signal: 'real' } },
      "variant 'signal' of model 'kgraft' can be fake, stop-cont, none, not 'real'",
    ],
  ])('refuses %o', (choice, message) => {
    expect(() => compareModels(PATCH, { ...options, choices: [choice] })).toThrow(message);
  });
});
