import { describe, expect, it } from 'vitest';
import { kthread, machine, patch, SECOND, task } from '../simulator/support.ts';
import { init, MS, promises, rowOf } from './machines.ts';

/** Promises are read from where tasks went over: each here is one that some models keep and others break. */

const entry = ['do_syscall_64', 'entry_SYSCALL_64_after_hwframe'];
const long = { min: 5 * SECOND, max: 5 * SECOND };
const short = { min: MS, max: MS };

/** One system call runs f(), sleeps where nothing patched is on the stack, and then runs g(). */
const mixing = task('mixer', [], {
  behaviour: {
    begins: 'first-phase',
    phases: [
      { do: 'sleep', for: long, stack: ['schedule', 'wait', ...entry], state: 'uninterruptible' },
      { do: 'kernel', for: short, stack: ['g', ...entry] },
      { do: 'user', for: short },
      { do: 'kernel', for: short, stack: ['f', ...entry] },
    ],
  },
});
const rotated = {
  ...mixing,
  behaviour: {
    begins: 'first-phase' as const,
    phases: [
      { do: 'kernel' as const, for: short, stack: ['f', ...entry] },
      { do: 'sleep' as const, for: long, stack: ['schedule', 'wait', ...entry], state: 'uninterruptible' as const },
      { do: 'kernel' as const, for: short, stack: ['g', ...entry] },
      { do: 'user' as const, for: short },
    ],
  },
};

describe('a system call that runs two patched functions with a sleep in between', () => {
  it('is mixed where tasks are switched by their stacks: leaving the patched set is not leaving the kernel', () => {
    for (const model of ['hybrid', 'proposal-2016']) {
      const row = rowOf(model, machine([init, rotated]));
      expect(promises(row)).toMatchObject({ function: 'kept', 'system-call': 'broken' });
      expect(row.guarantees.find(({ id }) => id === 'system-call')?.witness).toBe(
        'mixer:2 ran the old f() and then the new g() in one system call',
      );
    }
  });

  it('is not where tasks are switched at the boundary only', () => {
    for (const model of ['hybrid-without-stacks', 'kgraft', 'simple-method', 'checkpoint']) {
      expect(promises(rowOf(model, machine([init, rotated])))['system-call'], model).toBe('kept');
    }
  });

  it('is another one after the task was in user space', () => {
    // g() belongs to the call that begins after `user`, f() to the next.
    expect(promises(rowOf('hybrid', machine([init, mixing])))).toMatchObject({ 'system-call': 'not-proven' });
  });

  it('is all new when only what comes later is patched', () => {
    const image = patch('lp', { vmlinux: ['g'] });
    expect(promises(rowOf('hybrid', machine([init, rotated]), {}, { image }))).toMatchObject({
      'system-call': 'not-proven',
    });
  });
});

describe('a kernel thread', () => {
  it('makes no system calls, and mixes within its main function only', () => {
    const main = kthread('f_thread', ['f']);
    const row = rowOf('immediate', machine([main]));
    expect(promises(row)).toEqual({ function: 'not-proven', 'system-call': 'kept', kernel: 'broken' });
  });

  it('mixes when its old main function calls a new one', () => {
    const main = {
      ...kthread('f_thread', []),
      behaviour: {
        begins: 'first-phase' as const,
        phases: [
          { do: 'sleep' as const, for: long, stack: ['schedule', 'f', 'kthread'], state: 'idle' as const },
          { do: 'kernel' as const, for: short, stack: ['g', 'f', 'kthread'] },
        ],
      },
    };
    const row = rowOf('immediate', machine([main]));
    expect(promises(row).function).toBe('broken');
    expect(row.guarantees[0]?.witness).toBe('f_thread:1 went over inside f(), and calls new code from there');
  });
});
