import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { unpackKernelSource } from './kernel-source.ts';
import { TestModules } from './selftests/modules.ts';
import { playSelftest, type SelftestResult } from './selftests/selftest.ts';

const RESULTS = fileURLToPath(new URL('../../.cache/kernels/results/', import.meta.url));
const SEED = 1;

/** How many tests each script has, so that none is lost on the way. */
const SCRIPTS: Readonly<Record<'6.1' | '6.12', Readonly<Record<string, number>>>> = {
  '6.1': {
    'test-livepatch.sh': 3,
    'test-callbacks.sh': 11,
    'test-state.sh': 4,
    'test-shadow-vars.sh': 1,
    'test-ftrace.sh': 1,
    'test-sysfs.sh': 2,
  },
  '6.12': {
    'test-livepatch.sh': 3,
    'test-callbacks.sh': 11,
    'test-state.sh': 4,
    'test-shadow-vars.sh': 1,
    'test-ftrace.sh': 1,
    'test-sysfs.sh': 4,
    'test-syscall.sh': 1,
  },
};

for (const kernel of ['6.1', '6.12'] as const) {
  const source = unpackKernelSource(kernel);
  const modules = new TestModules(source);
  const results: SelftestResult[] = [];
  for (const script of Object.keys(SCRIPTS[kernel])) {
    const path = join(source, 'tools/testing/selftests/livepatch', script);
    results.push(...(await playSelftest(path, kernel, modules, SEED)));
  }
  report(kernel, results);

  describe(`selftests of Linux ${kernel} on the simulator`, () => {
    describe.each(Object.entries(SCRIPTS[kernel]))('%s', (script, count) => {
      const tests = results.filter((result) => result.script === script);

      it(`has ${count} tests`, () => {
        expect(tests).toHaveLength(count);
      });

      it.each(tests.map((test) => [test.title, test] as const))('%s', (_, test) => {
        expect(test.differences).toEqual([]);
        expect(test.lines.livepatch + test.lines.module).toBeGreaterThan(0);
      });
    });
  });
}

/** Prints the numbers and keeps them for docs/fidelity.md. */
function report(kernel: string, results: readonly SelftestResult[]): void {
  const sum = (count: (result: SelftestResult) => number) => results.reduce((all, result) => all + count(result), 0);
  const totals = {
    tests: results.length,
    agree: results.filter(({ differences }) => differences.length === 0).length,
    steps: sum(({ steps }) => steps),
    logLines: sum(({ lines }) => lines.script + lines.livepatch + lines.module),
    assertions: sum(({ assertions }) => assertions),
    differences: sum(({ differences }) => differences.length),
    notCompared: sum(({ notCompared }) => notCompared.length),
  };
  mkdirSync(RESULTS, { recursive: true });
  const text = JSON.stringify({ version: kernel, seed: SEED, totals, tests: results }, null, 1);
  writeFileSync(join(RESULTS, `selftests-${kernel}.json`), `${text}\n`);
  const { tests, agree, steps, logLines, assertions, differences, notCompared } = totals;
  console.log(
    `Linux ${kernel}: ${agree} of ${tests} selftests agree; ${steps} steps, ${logLines} log lines and ${assertions} other ` +
      `assertions compared, ${differences} differences, ${notCompared} not compared`,
  );
}
