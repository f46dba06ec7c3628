import { describe, expect, it } from 'vitest';
import { SimulatorError } from '../../../shared/src/simulator/errno.ts';
import { kernelTraits } from '../../../shared/src/simulator/kernel-traits.ts';
import { REPLACE_POLICIES } from '../../../shared/src/simulator/replace/index.ts';
import { at, errnos, load, patch, play, QUIET, SECOND } from './support.ts';

describe('kernel versions', () => {
  it.each([
    // kernel, switches in cond_resched(), `replace`, `stack_order`, compared with a real kernel
    ['6.1', false, false, false, true],
    ['6.3', false, false, false, false],
    ['6.4', true, false, false, false],
    ['6.10', true, false, false, false],
    ['6.11', true, true, false, false],
    ['6.12', true, true, false, true],
    ['6.12.117+deb12-cloud-amd64', true, true, false, true],
    ['6.14', true, true, true, false],
    ['6.16', false, true, true, false],
    ['7.0', false, true, true, false],
  ] as const)('%s', (kernel, condReschedSwitches, sysfsReplace, sysfsStackOrder, verified) => {
    const traits = kernelTraits(kernel);
    expect(traits).toMatchObject({ kernel, condReschedSwitches, sysfsReplace, sysfsStackOrder, verified });
    expect(traits.assumptions.length > 0).toBe(!verified);
    expect(traits.replacePolicy.released).toBe(true);
  });

  it('of the hybrid mode RFC is never called verified', () => {
    for (const { id, released } of REPLACE_POLICIES) {
      if (!released) expect(kernelTraits(`6.12+${id}`)).toMatchObject({ replacePolicy: { id }, verified: false });
    }
    expect(kernelTraits('6.12+nonsense')).toMatchObject({ replacePolicy: { id: 'released' }, assumptions: [] });
  });

  it('with a misspelt proposal say that there is none of that name', () => {
    const { replacePolicy, assumptions } = kernelTraits('6.12+replace-sets');
    expect(replacePolicy.id).toBe('released');
    expect(assumptions.join()).toMatch(/no proposal 'replace-sets'; .* replaceable, .* replace-set, /);
  });

  it.each(['5.10', '4.4', 'latest', ''])('%j is simulated as a known one, and says so', (kernel) => {
    const traits = kernelTraits(kernel);
    expect(traits.verified).toBe(false);
    expect(traits.assumptions[0]).toContain('simulated');
  });

  it('newer than those compared name what was taken from documents', () => {
    const said = (kernel: string) => kernelTraits(kernel).assumptions.filter((text) => / since 6|^Since 6/.test(text));
    expect(said('6.12')).toEqual([]);
    expect(said('6.13')).toEqual([]);
    expect(said('6.14')).toEqual([expect.stringContaining('stack_order')]);
    expect(said('6.16')).toEqual([expect.stringContaining('stack_order'), expect.stringContaining('freezable')]);
  });

  it('put the assumptions into the trace', () => {
    const trace = play(QUIET, [at(0, load(patch('lp', { vmlinux: ['f'] })))], { kernel: '6.14' });
    expect(trace.options.assumptions[0]).toContain('not compared');
    expect(errnos(trace)).toEqual([0]);
  });
});

describe('options that make no sense', () => {
  it('are refused', () => {
    expect(() => play(QUIET, [], { model: 'magic' })).toThrow(SimulatorError);
    expect(() => play({ ...QUIET, cpus: 0 }, [])).toThrow(SimulatorError);
    const image = patch('lp', { vmlinux: ['f'] });
    expect(() => play(QUIET, [at(2, load(image)), at(1, load(image))])).toThrow('out of order');
    expect(() => play(QUIET, [{ at: 0.5, ...load(image) }])).toThrow('out of order');
  });

  it('leave an empty run empty', () => {
    expect(play(QUIET, [], { timeLimit: SECOND })).toMatchObject({ events: [], end: 0, stopped: 'quiet' });
  });
});
