import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readCapture } from '../../server/src/capture/read-capture.ts';
import { buildModules } from '../../server/src/kernel-runner/build-modules.ts';
import { findKernel } from '../../server/src/kernel-runner/find-kernel.ts';
import { disagreements } from '../support/observed-transition.ts';
import { CACHE, KERNELS, ROOT } from './kernels.ts';
import { moduleOf, type Observation, observationsOf, PATCHED } from './servers/observations.ts';
import { type Role, runServers, type ServersReport } from './servers/run-servers.ts';
import { serverRoot } from './servers/server-root.ts';
import { transparentLivepatch } from './servers/transparent-livepatch.ts';

/** Whether recordings and observations are written to test/fixtures/captures/servers, of which the presets are made. */
const RECORD = process.env.KLP_RECORD === '1';
const ALL: readonly Role[] = ['web-server', 'database', 'build-machine'];
/**
 * Each takes minutes: KLP_SERVERS names those that are booted (`web-server,database`). The unit tests compare what was
 * recorded of all.
 */
const ROLES = ALL.filter((role) => RECORD || process.env.KLP_SERVERS?.split(',').includes(role));
const FIXTURES = join(ROOT, 'test/fixtures/captures/servers');

describe.runIf(ROLES.length > 0).each(KERNELS)('servers from Debian packages on a real %s kernel', (version) => {
  it.each(ROLES)(
    '%s: who holds livepatches up under load, and for how long, is what the recording forecasts',
    async (role) => {
      const kernel = await findKernel(version, { cache: CACHE });
      const sources = PATCHED[role].map((func) => transparentLivepatch(moduleOf(role, func), func));
      const built = await buildModules(kernel, sources, { cache: CACHE });
      const livepatches = [...built.values()].map((module) => {
        if (!module.ok) throw new Error(module.errors);
        return module.ko;
      });
      const root = await serverRoot(CACHE);
      const report = await runServers(kernel, root, role, { cache: CACHE, livepatches });
      if (RECORD) await keepRecordings(role, version, report, root.packages);
      const observations = observationsOf(role, report);
      if (RECORD) await keepObservations(role, version, observations);
      const [idle, loaded] = [readCapture(report.idle), readCapture(report.loaded)];
      if (!idle.ok || !loaded.ok) throw new Error(`${idle.ok || idle.error} ${loaded.ok || loaded.error}`);
      expect(loaded.kernel).toBe(kernel.release);
      expect(loaded.workload).toMatchObject({ cpus: 1, hz: 250 });
      expect(observations.map(({ work }) => work > 0)).toEqual(observations.map(() => true));
      expect(disagreements(observations, loaded.workload, version)).toEqual([]);
    },
  );
});

async function keepRecordings(
  role: Role,
  version: string,
  report: ServersReport,
  packages: Readonly<Record<string, string>>,
): Promise<void> {
  await mkdir(FIXTURES, { recursive: true });
  for (const name of ['idle', 'loaded'] as const) {
    await writeFile(join(FIXTURES, `${role}.${name}.${version}.json.gz`), gzipSync(report[name], { level: 9 }));
  }
  const file = join(FIXTURES, `stacks.${version}.json`);
  const known = JSON.parse(await readFile(file, 'utf8').catch(() => '[]')) as string[];
  await writeFile(file, `${JSON.stringify([...new Set([...known, ...report.stacks])].sort(), null, 2)}\n`);
  await writeFile(join(FIXTURES, 'packages.json'), `${JSON.stringify(packages, null, 2)}\n`);
}

async function keepObservations(role: Role, version: string, transitions: readonly Observation[]): Promise<void> {
  const file = join(FIXTURES, `observed.${version}.json`);
  const known = JSON.parse(await readFile(file, 'utf8').catch(() => '{}')) as Record<string, unknown>;
  await writeFile(file, `${JSON.stringify({ ...known, [role]: { recording: 'loaded', transitions } }, null, 2)}\n`);
}
