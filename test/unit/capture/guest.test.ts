import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readCapture } from '../../../server/src/capture/read-capture.ts';
import { forecast } from '../../../shared/src/simulator/forecast.ts';
import { EPOLL_WAIT, KTHREADD, PIPE_READ, WORKER } from '../../../shared/src/simulator/workloads/stacks.ts';
import { patch } from '../simulator/support.ts';

/** Recordings of real guests: test/kernel/capture.test.ts makes them. */
function guest(version: string) {
  const file = new URL(`../../fixtures/captures/guest.${version}.json`, import.meta.url);
  const reading = readCapture(readFileSync(file, 'utf8'));
  if (!reading.ok) throw new Error(reading.error);
  return reading.workload;
}

const phasesOf = (version: string, comm: string) =>
  guest(version).tasks.find((group) => group.comm === comm)?.behaviour.phases;

describe('recordings of real guests', () => {
  it('have the stacks that were traced on 6.12 in another way', () => {
    expect(phasesOf('6.12', 'in-epoll')?.[0]).toMatchObject({ do: 'sleep', stack: EPOLL_WAIT, onSignal: 'EINTR' });
    expect(phasesOf('6.12', 'reader')?.[0]).toMatchObject({ do: 'sleep', stack: PIPE_READ, onSignal: 'restarts' });
    expect(phasesOf('6.12', 'kthreadd')?.[0]).toMatchObject({ do: 'sleep', stack: KTHREADD });
    expect(phasesOf('6.12', 'kworker/0:0H')?.[0]).toMatchObject({ do: 'sleep', state: 'idle', stack: WORKER });
  });

  it.each(['6.1', '6.12'])('of %s have whoever runs without the stack that was read meanwhile', (version) => {
    expect(phasesOf(version, 'spinner')).toMatchObject([{ do: 'user' }]);
    expect(guest(version)).toMatchObject({ cpus: 1, hz: 250, nohzFullCpus: [] });
    expect(guest(version).title).toMatch(`machine recorded on Linux ${version}.`);
  });

  it.each([
    ['6.1', 'do_epoll_wait', 'in-epoll'],
    ['6.12', 'do_epoll_wait', 'in-epoll'],
    ['6.1', 'pipe_read', 'reader'],
    ['6.12', 'hrtimer_nanosleep', 'in-nanosleep'],
  ])('of %s forecast who holds a patch of %s() up', (kernel, func, comm) => {
    const result = forecast(patch('lp', { vmlinux: [func] }), { kernel, workload: guest(kernel), seeds: 5 });
    expect(result.blockers.map((blocker) => blocker.comm)).toContain(comm);
    expect(result.needsSignals).toBe(5);
    expect(result.finished).toBe(5);
  });
});
