import { readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { findKernel } from '../../server/src/kernel-runner/find-kernel.ts';
import { unpackKernelSource } from '../upstream/kernel-source.ts';
import { TestModules } from '../upstream/selftests/modules.ts';
import { playSelftest, type SelftestResult } from '../upstream/selftests/selftest.ts';
import { CACHE, KERNELS, RESULTS } from './kernels.ts';
import { type KernelSelftest, type KernelSelftests, runSelftests } from './selftests/run-selftests.ts';
import { type Agreement, compareLogs } from './selftests/three-logs.ts';

/*
 * The kernel's own livepatch selftests, from Debian's source packages, on the kernels that they are for. Three logs of each
 * test are held against each other: the one that the selftest demands, the simulator's, and the one that the kernel printed.
 */

type Version = Parameters<typeof unpackKernelSource>[0];

for (const version of KERNELS as readonly Version[]) {
  const source = unpackKernelSource(version);
  const folder = join(source, 'tools/testing/selftests/livepatch');
  const modules = new TestModules(source);
  const scripts = selftestScripts(folder);
  const simulated: SelftestResult[] = (
    await Promise.all(scripts.map((script) => playSelftest(join(folder, script), version, modules, 1)))
  ).flat();

  describe(`selftests on Linux ${version}, on the simulator, and as they are demanded`, () => {
    let run: KernelSelftests;

    beforeAll(async () => {
      const progress = (text: string) => process.stderr.write(`${text}\n`);
      const kernel = await findKernel(version, { cache: CACHE, progress });
      run = await runSelftests(kernel, source, progress);
      await record(version, kernel.release, basename(source), simulated, run);
    });

    it.each(scripts)('%s comes to its end on the kernel', (script) => {
      expect(run.ended.get(script), run.output).toBe(0);
      const titles = (tests: readonly { readonly script: string; readonly title: string }[]) =>
        tests.filter((test) => test.script === script).map(({ title }) => title);
      expect(titles(run.tests)).toEqual(titles(simulated));
    });

    it.each(simulated.map((test) => [`${test.script}: ${test.title}`, test] as const))('%s', (_, test) => {
      const onKernel = sameTest(run, test);
      if (!onKernel) throw new Error('was not run');
      expect(onKernel.ok, run.output).toBe(true);
      const { lines, differences } = agreement(test, onKernel);
      expect(differences).toEqual([]);
      expect(lines).toBe(test.demanded.length);
      expect(lines).toBeGreaterThan(0);
    });
  });
}

function selftestScripts(folder: string): string[] {
  return readdirSync(folder)
    .filter((file) => /^test-.*\.sh$/.test(file))
    .sort();
}

function sameTest(run: KernelSelftests, test: SelftestResult): KernelSelftest | undefined {
  return run.tests.find(({ script, title }) => script === test.script && title === test.title);
}

function agreement(test: SelftestResult, onKernel: KernelSelftest | undefined): Agreement {
  return compareLogs(
    test.demanded,
    test.simulated.map(({ text }) => text),
    onKernel?.log ?? [],
  );
}

/** The numbers for docs/fidelity.md. The logs themselves stay where they come from. */
async function record(
  version: string,
  release: string,
  source: string,
  simulated: readonly SelftestResult[],
  run: KernelSelftests,
): Promise<void> {
  const tests = simulated.map((test) => {
    const onKernel = sameTest(run, test);
    const { lines, differences } = agreement(test, onKernel);
    return {
      script: test.script,
      title: test.title,
      lines,
      shadowLines: test.lines.shadow,
      assertions: test.assertions,
      differences: onKernel?.ok ? differences : ['the script was not content with the kernel', ...differences],
    };
  });
  await mkdir(RESULTS, { recursive: true });
  const text = JSON.stringify({ version, release, source, tests }, null, 1);
  await writeFile(join(RESULTS, `kernel-selftests-${version}.json`), `${text}\n`);
}
