/**
 * npm test -- [SUITE…]: installs what the tests need, builds, and runs every suite (or those named), fast ones first.
 * Ends in one line, `N passed, N failed`, over all of them. A test that is skipped counts as failed: whatever could not
 * be tried must not look green.
 *
 * The suite `kernel`, which takes half an hour, runs only when it is named. `--ci` runs every other suite, and of that one
 * as much as a few minutes hold.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installEditor } from './lib/editor.mjs';
import {
  installChromium,
  installDebianPackages,
  installKernelTools,
  installNpmPackages,
  requireNode,
} from './lib/install.mjs';
import { headline, progress, run, runLogged, runMain, UserError } from './lib/terminal.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (name) => join(root, 'node_modules', '.bin', name);

const installKernelSources = () =>
  installDebianPackages(
    root,
    ['linux-source-6.1', 'linux-source-6.12', 'xz-utils'],
    "the kernel's own livepatch modules",
  );

/** Each suite: what it needs on the machine, and how it runs. `run` resolves to counts. */
const SUITES = [
  {
    name: 'lint',
    title: 'Format, lint and types',
    run: () =>
      commands([
        ['biome', 'check', '.'],
        ['tsc', '-p', '.'],
        ['tsc', '-p', 'shared'],
        ['tsc', '-p', 'client/webview'],
      ]),
  },
  { name: 'unit', title: 'Unit and property tests', run: () => vitest('unit') },
  { name: 'fuzz', title: 'Input that somebody broke', run: () => vitest('fuzz') },
  { name: 'mutation', title: 'Single faults in correct modules', run: () => vitest('mutation') },
  { name: 'server', title: 'The language server and the command line', run: () => vitest('server') },
  {
    name: 'panel',
    title: "The panel's page in a browser",
    needs: () => installChromium(root),
    run: () => vitest('panel'),
  },
  {
    name: 'upstream',
    title: "The kernel's own livepatch modules",
    needs: installKernelSources,
    run: () => vitest('upstream'),
  },
  {
    name: 'bench',
    title: 'The benchmarks, once',
    needs: () => installChromium(root),
    run: () => commands([['node', 'scripts/bench.mjs', '--quick']]),
  },
  {
    name: 'vscode',
    title: 'VS Code, end to end',
    needs: async () => {
      await installChromium(root);
      await installEditor(root);
      await installNpmPackages(root, join(root, 'scripts', 'package'), 'the packager');
    },
    run: () => vitest('vscode'),
  },
];

/**
 * What CI adds to the suite `fuzz`: more of the same inputs each time. `npm run fuzz` takes others. It runs beside the other
 * suites, in what they leave of the processor: its limits are in processor time.
 */
const LONGER_FUZZ = {
  name: 'fuzz-long',
  title: 'Input that somebody broke, for two minutes',
  beside: true,
  run: async () => {
    const line = ['-n', '19', process.execPath, 'scripts/fuzz.mjs', '--minutes', '2', '--seed', '2'];
    await runLogged('nice', line, join(root, '.cache', 'logs', 'fuzz-long.log'), { cwd: root });
    return { passed: 1, failed: 0, skipped: 0 };
  },
};

const KERNEL_SUITE = {
  name: 'kernel',
  title: 'Real kernels in QEMU',
  needs: async () => {
    await installKernelSources();
    await installKernelTools(root);
    // One of its tests presses a button in VS Code.
    await installChromium(root);
    await installEditor(root);
  },
  run: () => onKernels(randomScenarios(10), kernelTests([...SAMPLED, 'relocations', 'shadows', 'symbols'])),
};

/** Guests with whole servers, which take minutes each, are for who asks for them (docs/capture.md). */
const kernelTests = (names) => names.map((name) => `test/kernel/${name}.test.ts`);

/** Of the kernel suite, with an eighth of the rules' examples and few random scenarios. */
const SAMPLED = ['capture', 'editor', 'random', 'rules', 'samples', 'selftests', 'troubles', 'twin'];
const KERNEL_SAMPLE = {
  ...KERNEL_SUITE,
  title: 'Real kernels in QEMU, a sample',
  run: () => onKernels({ KLP_SAMPLE: '1', ...randomScenarios(2) }, kernelTests(SAMPLED)),
};

/**
 * Each kernel in a process of its own, at the same time: a guest has one CPU, and its clock does not depend on how much
 * else this machine does.
 */
async function onKernels(variables, files = []) {
  const kernels = (process.env.KLP_KERNELS ?? '6.1,6.12').split(',');
  const counts = await Promise.all(
    kernels.map((kernel) =>
      vitest('kernel', { variables: { ...variables, KLP_KERNELS: kernel }, name: `kernel-${kernel}`, files }),
    ),
  );
  const sum = (field) => counts.reduce((total, each) => total + each[field], 0);
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') };
}

/** Runs a suite. Never rejects: a suite that can't be run has failed. `time` is in milliseconds. */
async function outcomeOf(suite) {
  const start = Date.now();
  try {
    await suite.needs?.();
    return { counts: await suite.run(), time: Date.now() - start };
  } catch (error) {
    return { counts: { passed: 0, failed: 1, skipped: 0 }, error, time: Date.now() - start };
  }
}

/** The same for everybody who tests this commit, so that what fails can be tried again. */
function randomScenarios(count) {
  const { stdout } = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' });
  const seed = (Number.parseInt(stdout?.slice(0, 7), 16) || 0) + 1;
  return { KLP_RANDOM: String(count), KLP_FIRST_SEED: String(seed) };
}

/** Runs commands (of node_modules, or node) one after another: each counts as one test. */
async function commands(lines) {
  let failed = 0;
  for (const [name, ...args] of lines) {
    console.log(`$ ${name} ${args.join(' ')}`);
    if ((await run(name === 'node' ? process.execPath : bin(name), args, { cwd: root })) !== 0) failed++;
  }
  return { passed: lines.length - failed, failed, skipped: 0 };
}

/** Runs one project of vitest.config.ts and counts its tests by the report that it writes, which is called `name`. */
async function vitest(project, { variables = {}, name = project, files = [] } = {}) {
  const report = join(root, '.cache', 'reports', `${name}.json`);
  mkdirSync(join(report, '..'), { recursive: true });
  rmSync(report, { force: true });
  const status = await run(
    bin('vitest'),
    ['run', '--project', project, ...files, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    { cwd: root, env: { ...process.env, ...variables } },
  );
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
  const tests = testResults.flatMap((file) => file.assertionResults.map((test) => test.status));
  // A file that could not be loaded has no test to its name, yet it failed.
  const broken = testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  const passed = tests.filter((state) => state === 'passed').length;
  const failed = tests.filter((state) => state === 'failed').length + broken.length;
  const skipped = tests.length - passed - (failed - broken.length);
  if (tests.length === 0 && failed === 0) throw new UserError(`The suite ${name} has no test.`);
  if (status !== 0 && failed === 0) return { passed, failed: 1, skipped };
  return { passed, failed, skipped };
}

await runMain(async () => {
  requireNode();
  const isCi = process.argv.includes('--ci');
  const names = process.argv.slice(2).filter((name) => name !== '--ci');
  const known = [...SUITES, LONGER_FUZZ, isCi ? KERNEL_SAMPLE : KERNEL_SUITE];
  const unknown = names.find((name) => !known.some((suite) => suite.name === name));
  if (unknown) throw new UserError(`No suite is called ${unknown}: ${known.map((suite) => suite.name).join(', ')}.`);
  const whole = isCi ? known : SUITES;
  const suites = names.length === 0 ? whole : known.filter((suite) => names.includes(suite.name));

  await installNpmPackages(root, root, 'npm packages');
  await progress('Building', () =>
    runLogged(process.execPath, ['esbuild.mjs'], join(root, '.cache', 'logs', 'build.log'), { cwd: root }),
  );

  const total = { passed: 0, failed: 0 };
  const table = [];
  const running = new Map(suites.filter(({ beside }) => beside).map((suite) => [suite, outcomeOf(suite)]));
  for (const suite of suites) {
    headline(suite.title);
    const { counts, error, time } = await (running.get(suite) ?? outcomeOf(suite));
    if (error) console.error(error instanceof UserError ? error.message : error);
    total.passed += counts.passed;
    total.failed += counts.failed + counts.skipped;
    const seconds = `${Math.round(time / 1000)} s`;
    const skipped = counts.skipped > 0 ? `  ${counts.skipped} SKIPPED (counted as failed)` : '';
    table.push(
      `${suite.name.padEnd(10)}${String(counts.passed).padStart(6)} passed ${String(counts.failed).padStart(4)} failed ${seconds.padStart(6)}${skipped}`,
    );
  }

  headline('All suites');
  console.log(table.join('\n'));
  console.log(`\n${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 ? 0 : 1;
});
