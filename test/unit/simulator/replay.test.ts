import { describe, expect, it } from 'vitest';
import { stateAt } from '../../../shared/src/simulator/replay.ts';
import { at, load, loadTarget, patch, play, READER, SECOND, write } from './support.ts';

const steps = [
  at(1, load(patch('lp', { vmlinux: ['pipe_read'], target: ['g'] }))),
  at(3, loadTarget('target')),
  at(40, write('lp/enabled', '0')),
];
const trace = play(READER, steps, { timeLimit: 45 * SECOND });
const reader = (seconds: number) => stateAt(trace, seconds * SECOND).tasks.find((task) => task.task.comm === 'cat');

describe('the state at a moment', () => {
  it('before anything happened', () => {
    expect(stateAt(trace, 0)).toEqual({
      at: 0,
      tasks: trace.tasks.map((task) => ({ task, patchState: -1, blocked: null, stack: [], signalled: false })),
      transition: null,
      sysfs: [],
      log: [],
      funcStacks: [],
      modules: [],
    });
  });

  it('in the transition: who is blocked by what, and what is registered', () => {
    const state = stateAt(trace, 2 * SECOND);
    expect(state.transition).toEqual({ patch: 'lp', target: 'patched', since: SECOND });
    expect(reader(2)).toMatchObject({
      patchState: 0,
      signalled: false,
      blocked: { kind: 'sleeping-on', original: 'pipe_read' },
    });
    expect(reader(2)?.stack).toContain('vfs_read');
    expect(state.funcStacks).toEqual([
      {
        object: 'vmlinux',
        function: 'pipe_read',
        stack: [{ patch: 'lp', newFunc: 'lp_pipe_read', nop: false, transition: true }],
      },
    ]);
    expect(state.modules).toEqual(['lp']);
    expect(stateAt(trace, 4 * SECOND).modules).toEqual(['lp', 'target']);
    expect(stateAt(trace, 4 * SECOND).funcStacks).toHaveLength(2);
  });

  it('after it: nobody is blocked any more', () => {
    expect(reader(30)).toMatchObject({ patchState: -1, blocked: null, stack: [], signalled: false });
    expect(stateAt(trace, 30 * SECOND)).toMatchObject({ transition: null });
    expect(stateAt(trace, 30 * SECOND).funcStacks[0]?.stack[0]?.transition).toBe(false);
  });

  it('in the next one: the other direction', () => {
    expect(stateAt(trace, 41 * SECOND).transition).toMatchObject({ target: 'unpatched' });
    expect(reader(41)).toMatchObject({ patchState: 1, blocked: { function: 'lp_pipe_read [lp]' } });
  });

  it('has the log up to then, and no more', () => {
    const lines = (seconds: number) => stateAt(trace, seconds * SECOND).log.map((line) => line.text);
    expect(lines(2)).toContain("livepatch: 'lp': starting patching transition");
    expect(lines(2)).not.toContain('livepatch: signaling remaining tasks');
    expect(lines(20)).toContain('livepatch: signaling remaining tasks');
    expect(stateAt(trace, trace.end).log.length).toBe(trace.events.filter((event) => event.type === 'log').length);
  });
});
