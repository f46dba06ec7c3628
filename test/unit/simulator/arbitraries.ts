import fc from 'fast-check';
import type { Behaviour, Duration, Phase, SleepState } from '../../../shared/src/simulator/workload.ts';
import { FOREVER } from './support.ts';

/** Parts of random machines. */

export const duration: fc.Arbitrary<Duration> = fc.oneof(
  fc.constant(FOREVER),
  fc.record({ min: fc.integer({ min: 1000, max: 20_000 }), max: fc.integer({ min: 20_000, max: 3_000_000 }) }),
  fc.integer({ min: 5000, max: 2_000_000 }).map((mean) => ({ min: 1, max: mean * 10, mean })),
);
export const finite = duration.filter((time) => time.max !== 'forever');

/** What a task does: it sleeps in one of these states, runs in user space or in the kernel. */
export function phaseWith(stack: fc.Arbitrary<string[]>, states: readonly SleepState[]): fc.Arbitrary<Phase> {
  return fc.oneof(
    fc.record({
      do: fc.constant('sleep' as const),
      for: duration,
      stack,
      state: fc.constantFrom(...states),
      syscall: fc.constantFrom('read', 'epoll_wait'),
      onSignal: fc.constantFrom('restarts', 'EINTR'),
      reliable: fc.constantFrom(true, true, true, false),
    }),
    fc.record({ do: fc.constant('user' as const), for: duration }),
    fc.record({ do: fc.constant('kernel' as const), for: finite, stack, condResched: fc.boolean() }),
  );
}

/** Of a task that starts others again and again. */
export const forkingBehaviour: fc.Arbitrary<Behaviour> = fc.tuple(finite, finite).map(([time, childLives]) => ({
  phases: [
    { do: 'user', for: { min: 50_000, max: 400_000 } },
    { do: 'fork', childLives, childComm: 'cc1' },
    { do: 'sleep', for: time, stack: ['schedule', 'g'], state: 'interruptible', syscall: 'wait4' },
  ],
}));
