import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { hiddenFrames } from '../../../scripts/presets/hidden-frames.ts';
import { observed, ROLES, type Role, recordedSeries, recordingOf } from '../../../scripts/presets/recordings.ts';
import { HIDDEN_FRAMES_FILE, hiddenFramesText } from '../../../scripts/presets/write-hidden-frames.ts';
import { presetFile, presetText } from '../../../scripts/presets/write-presets.ts';
import { readCapture } from '../../../server/src/capture/read-capture.ts';
import { workloadById } from '../../../shared/src/simulator/workloads/index.ts';
import type { Observations } from '../../kernel/servers/observations.ts';
import { disagreements } from '../../support/observed-transition.ts';

/** Recordings of guests with servers from Debian packages: test/kernel/servers.test.ts makes them. */

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const SERIES = recordedSeries(ROOT);

async function workload(role: Role, series: string, when: 'idle' | 'loaded') {
  const reading = readCapture((await recordingOf(ROOT, role, series, when)) as string);
  if (!reading.ok) throw new Error(reading.error);
  return reading.workload;
}

describe.each(SERIES)('what was recorded on Linux %s', (series) => {
  it('is what the presets are made of: npm run presets', async () => {
    expect(await readFile(`${ROOT}/${presetFile(series)}`, 'utf8')).toBe(await presetText(ROOT, series));
  });

  it.each(ROLES)('makes the preset %s, which says where it comes from', async (role) => {
    if ((await recordingOf(ROOT, role, series)) === null) return;
    const { description, tasks, cpus } = workloadById(role, series) ?? { description: '', tasks: [], cpus: 0 };
    expect(description).toMatch(
      /Recorded on 20\d\d-\d\d-\d\d on Debian's Linux [\d.]+\S+ in an emulated machine with one CPU \(.* \d.*\)/,
    );
    expect(description).toContain(`Linux ${series}.`);
    expect(description).toContain(`for each of ${cpus} CPUs`);
    expect(description).not.toContain('unknown');
    const names = tasks.map(({ comm }) => comm);
    for (const client of ['dash', 'siege', 'pgbench', 'psql', 'ssh', 'awk']) expect(names).not.toContain(client);
  });

  it('forecasts who then held livepatches up, and for how long', async () => {
    const seen = (await observed(ROOT, series)) as { readonly [role in Role]?: Observations };
    for (const [role, { recording, transitions }] of Object.entries(seen)) {
      const machine = await workload(role as Role, series, recording);
      expect({ role, problems: disagreements(transitions, machine, series) }).toEqual({ role, problems: [] });
    }
  });
});

describe("the scheduler's functions that /proc leaves out", () => {
  it('are what was traced above what /proc showed: npm run presets', async () => {
    expect(await readFile(`${ROOT}/${HIDDEN_FRAMES_FILE}`, 'utf8')).toBe(await hiddenFramesText(ROOT));
  });

  it('are found where a traced stack ends as one that /proc showed, and known in others from then on', () => {
    const traced = [
      'tracing;__schedule;schedule;schedule_timeout;f;entry',
      'tracing;__schedule;schedule;schedule_timeout;g;entry',
      'tracing;__schedule;schedule;h;entry',
      'tracing;__schedule;__cond_resched;f;entry',
    ];
    expect([...hiddenFrames(traced, new Set(['f;entry', 'h;entry']))]).toEqual([
      ['f', 'schedule_timeout'],
      ['g', 'schedule_timeout'],
    ]);
  });

  it('are not told where they differ', () => {
    const traced = ['__schedule;schedule;schedule_timeout;f', '__schedule;schedule;io_schedule;f'];
    expect([...hiddenFrames(traced, new Set(['f']))]).toEqual([]);
  });
});

describe('the recorded database', () => {
  it('has connections that are idle, and such that wait for the disk now and then', async () => {
    const { tasks } = await workload('database', '6.12', 'loaded');
    const postgres = tasks.filter(({ comm }) => comm === 'postgres');
    const idle = postgres.find(
      ({ behaviour: { phases } }) => phases[0]?.do === 'sleep' && phases[0].for.max === 'forever',
    );
    expect(idle?.behaviour.phases[0]).toMatchObject({ syscall: 'epoll_wait', onSignal: 'EINTR' });
    const busy = postgres.flatMap(({ behaviour: { phases }, count }) =>
      phases.flatMap((phase) => (phase.do === 'sleep' && phase.state === 'uninterruptible' ? [{ count, phase }] : [])),
    );
    expect(busy.some(({ phase }) => phase.syscall === 'fdatasync')).toBe(true);
  });
});
