import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { unpackKernelSource } from './kernel-source.ts';
import { TestModules } from './selftests/modules.ts';
import { playSelftest, type SelftestResult } from './selftests/selftest.ts';

/*
 * The kernel's own livepatch selftests, from Debian's source packages, on the simulator. The scripts run as they are, in
 * bash; their helpers act on the simulated machine instead of this one, and what a script reads of /proc and
 * /sys/kernel/livepatch by itself it gets from there. The test modules' C text goes through the analysis, which gives the
 * patches; their callbacks, init and exit functions and replacements are interpreted, so that every line that
 * check_result demands is compared as it stands. Real kernels are not asked here: test/kernel does that.
 */

const RESULTS = fileURLToPath(new URL('../../.cache/kernels/results/', import.meta.url));
const SEEDS = [1, 2, 3];

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

const KERNELS = ['6.1', '6.12'] as const;
const scriptsOf = (source: string) => join(source, 'tools/testing/selftests/livepatch');

for (const kernel of KERNELS) {
  const source = unpackKernelSource(kernel);
  const modules = new TestModules(source);
  const results: SelftestResult[] = [];
  for (const script of Object.keys(SCRIPTS[kernel])) {
    const path = join(scriptsOf(source), script);
    const [first = [], ...others] = await Promise.all(SEEDS.map((seed) => playSelftest(path, kernel, modules, seed)));
    results.push(
      ...first.map((test, index) =>
        withOtherRuns(
          test,
          others.map((run) => run[index]),
        ),
      ),
    );
  }
  report(kernel, basename(source), results);

  describe(`selftests of Linux ${kernel} on the simulator`, () => {
    describe.each(Object.entries(SCRIPTS[kernel]))('%s', (script, count) => {
      const tests = results.filter((result) => result.script === script);

      it(`has ${count} tests`, () => {
        expect(tests).toHaveLength(count);
      });

      it('is held up by nobody but the work of the busy target', () => {
        const heldUp = tests.flatMap(({ title, heldUp }) => heldUp.map((who) => `${title}: ${who}`));
        const worker = /^busy target module: kworker\/\S+: busymod_work_func\b/;
        expect(heldUp).toEqual(script === 'test-callbacks.sh' ? [expect.stringMatching(worker)] : []);
      });

      it.each(tests.map((test) => [test.title, test] as const))('%s', (_, test) => {
        expect(test.differences).toEqual([]);
        expect(test.notCompared).toEqual([]);
        expect(test.lines.livepatch + test.lines.module + test.lines.shadow).toBeGreaterThan(0);
      });
    });
  });
}

describe('playing a selftest', () => {
  const source = unpackKernelSource('6.12');
  const folder = mkdtempSync(join(tmpdir(), 'livepatch-selftests-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** What differs in the test of that title when a script is changed. */
  async function changed(script: string, title: string, from: string | RegExp, to: string): Promise<SelftestResult> {
    const text = readFileSync(join(scriptsOf(source), script), 'utf8');
    const start = text.indexOf(`start_test "${title}"`);
    const test = text.slice(start).replace(from, to);
    expect(test, 'the change does something').not.toBe(text.slice(start));
    const path = join(folder, script);
    writeFileSync(path, text.slice(0, start) + test);
    const results = await playSelftest(path, '6.12', new TestModules(source), 1);
    const result = results.find((candidate) => candidate.title === title);
    const others = results.filter((candidate) => candidate !== result);
    expect(others.flatMap(({ differences }) => differences)).toEqual([]);
    return result as SelftestResult;
  }

  it('notices a line that is not in the log', async () => {
    const pattern = /^.*pre_unpatch_callback: vmlinux\n/m;
    const { differences, notCompared } = await changed('test-callbacks.sh', 'module_going notifier', pattern, '');
    expect(differences).toEqual([
      expect.stringMatching(
        /^log line \d+: demanded ".*starting unpatching transition", .* has ".*pre_unpatch_callback: vmlinux"$/,
      ),
    ]);
    expect(notCompared.length).toBeGreaterThan(0);
  });

  it('notices a step that is left out', async () => {
    const { differences } = await changed('test-callbacks.sh', 'busy target module', /^disable_lp .*\n/m, '');
    expect(differences[0]).toBe('unload_lp test_klp_callbacks_demo: Resource temporarily unavailable');
    expect(differences).toContain('test_klp_callbacks_demo is left in sysfs');
  });

  it('notices what a script finds in /proc and /sys', async () => {
    const proc = await changed('test-livepatch.sh', 'basic function patching', 'live patched"', 'patched live"');
    expect(proc.differences).toEqual(['die livepatch kselftest(s) failed: the script gave up']);
    const value = await changed('test-sysfs.sh', 'sysfs test object/patched', '/patched" "1"', '/patched" "2"');
    expect(value.differences).toEqual([expect.stringMatching(/^check_sysfs_value .* 2: it is 1$/)]);
    const rights = await changed('test-sysfs.sh', 'sysfs test', '--w-------', '-rw-------');
    expect(rights.differences).toEqual([expect.stringMatching(/^check_sysfs_rights .* they are --w-------$/)]);
  });

  it('notices another order of shadow variables', async () => {
    const swapped = ['PTR6 -> PTR5', 'PTR5 -> PTR6'] as const;
    const { differences } = await changed('test-shadow-vars.sh', 'basic shadow variable API', ...swapped);
    expect(differences).toEqual([expect.stringMatching(/^log line 6: /)]);
  });
});

/** One run's result, with what differs in runs of other seeds. */
function withOtherRuns(test: SelftestResult, others: readonly (SelftestResult | undefined)[]): SelftestResult {
  const differences = others.flatMap((other, index) =>
    (other?.differences ?? ['not played']).map((text) => `seed ${SEEDS[index + 1]}: ${text}`),
  );
  return { ...test, differences: [...test.differences, ...differences] };
}

/** Prints the numbers and keeps them for docs/fidelity.md. */
function report(kernel: string, source: string, results: readonly SelftestResult[]): void {
  const sum = (count: (result: SelftestResult) => number) => results.reduce((all, result) => all + count(result), 0);
  const totals = {
    tests: results.length,
    agree: results.filter(({ differences }) => differences.length === 0).length,
    steps: sum(({ steps }) => steps),
    scriptLines: sum(({ lines }) => lines.script),
    livepatchLines: sum(({ lines }) => lines.livepatch),
    moduleLines: sum(({ lines }) => lines.module),
    shadowLines: sum(({ lines }) => lines.shadow),
    assertions: sum(({ assertions }) => assertions),
    differences: sum(({ differences }) => differences.length),
    notCompared: sum(({ notCompared }) => notCompared.length),
  };
  mkdirSync(RESULTS, { recursive: true });
  // The logs themselves stay where they come from.
  const tests = results.map(({ demanded, simulated, ...rest }) => rest);
  const text = JSON.stringify({ version: kernel, source, seeds: SEEDS, totals, tests }, null, 1);
  writeFileSync(join(RESULTS, `selftests-${kernel}.json`), `${text}\n`);
  const { agree, steps, livepatchLines, moduleLines, shadowLines, scriptLines, assertions } = totals;
  console.info(
    `Linux ${kernel}: ${agree} of ${totals.tests} selftests agree, with seeds ${SEEDS.join(', ')}; ${steps} steps; log lines: ` +
      `${livepatchLines} of livepatch, ${moduleLines} of callbacks and modules, ${shadowLines} of shadow variables (played ` +
      `beside the simulated run), ${scriptLines} of the script; ${assertions} sysfs values and rights; ` +
      `${totals.differences} differences, ${totals.notCompared} lines not compared`,
  );
}
