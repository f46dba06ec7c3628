/**
 * npm run fidelity: writes docs/fidelity.md from what `npm run test:kernel` measured on real kernels.
 * Numbers stand there only when they were measured: without results nothing is written.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, '.cache', 'kernels', 'results');
const byVersion = (a, b) => a.version.localeCompare(b.version, 'en', { numeric: true });

function results(kind) {
  let files = [];
  try {
    files = readdirSync(folder).filter((file) => file.startsWith(`${kind}-`) && file.endsWith('.json'));
  } catch {
    // No run yet.
  }
  return files.map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8'))).sort(byVersion);
}

const share = (rows, good) => `${rows.filter(good).length} of ${rows.length}`;
const sum = (rows, field) => rows.reduce((total, row) => total + row[field], 0);
const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
const cell = (text) => String(text).replaceAll('|', '\\|').replaceAll('\n', ' ');

function rulesPart(runs) {
  const agrees = (row) => row.disagreement === null;
  const rows = runs.map(({ release, rows }) => {
    const ids = [...new Set(rows.map((row) => row.rule))];
    const proven = ids.filter((id) => rows.every((row) => row.rule !== id || agrees(row)));
    return [
      release,
      `${proven.length} of ${ids.length}`,
      share(
        rows.filter((row) => row.kind === 'bad'),
        agrees,
      ),
      share(
        rows.filter((row) => row.kind === 'good'),
        agrees,
      ),
    ];
  });
  const wrong = runs.flatMap(({ version, rows }) =>
    rows
      .filter((row) => !agrees(row))
      .map((row) => [version, row.rule, row.kind, row.example, row.disagreement].map(cell)),
  );
  return [
    '## Rules',
    'Every example of every rule is built with the kernel’s own kbuild and loaded; then its transition is waited for, the ' +
      'functions that it replaces are called, it is disabled and unloaded. A bad example agrees when the kernel does ' +
      'what the rule says: the build error, the errno, the log line, the crash. For a mistake that shows later or does ' +
      'no harm by itself ("hazard", "accepted"), and for one that the kernel ignores without a trace in sysfs, it agrees when the module loads. A good example agrees when it is ' +
      'patched, unpatched and unloaded without a word of complaint from the kernel. Rules about what only other kernel ' +
      'versions have are not in these numbers.',
    table(['Kernel', 'Rules that agree', 'Bad examples', 'Good examples'], rows),
    wrong.length === 0
      ? 'Disagreements: 0.'
      : `Disagreements: ${wrong.length}.\n\n${table(['Kernel', 'Rule', '', 'Example', 'What differs'], wrong)}`,
  ];
}

function twinPart(runs) {
  const rows = runs.map(({ release, scenarios }) => [
    release,
    share(scenarios, (scenario) => scenario.differences.length === 0),
    ...['steps', 'logLines', 'sysfsEntries', 'patchStates'].map((field) => sum(scenarios, field)),
    sum(
      scenarios.map(({ differences }) => ({ differences: differences.length })),
      'differences',
    ),
  ]);
  const wrong = runs.flatMap(({ version, scenarios }) =>
    scenarios.flatMap(({ name, differences }) => differences.map((text) => [version, name, text].map(cell))),
  );
  const head = ['Kernel', 'Scenarios that agree', 'Steps', 'Log lines', 'sysfs entries', 'Patch states', 'Differences'];
  return [
    '## The simulator',
    'A scenario is played on a kernel in QEMU (one emulated CPU) and on the simulator, step by step. Compared are the ' +
      'errno of each step; the lines of `kernel/livepatch/`, debug lines included, and those of the callbacks, with ' +
      'their order; and, once a transition has ended or some time has passed, all of /sys/kernel/livepatch, the ' +
      '`patch_state` of the named tasks and which of their system calls returned EINTR. The kernel gets the C source of ' +
      'the patches through kbuild, the simulator through this project’s own analysis.',
    table(head, rows),
    wrong.length === 0 ? 'Differences: 0.' : table(['Kernel', 'Scenario', 'What differs'], wrong),
    'Not compared: the lines that name single tasks (`klp_try_switch_task`), times beyond the order of lines, and ' +
      'machines with more than one CPU. The stacks of tasks are taken from the kernel; where a task sleeps is not predicted.',
  ];
}

function randomPart(runs) {
  if (runs.length === 0) return [];
  const rows = runs.map(({ release, date, seeds }) => [
    release,
    date.slice(0, 10),
    `${Math.min(...seeds.map(({ seed }) => seed))} to ${Math.max(...seeds.map(({ seed }) => seed))}`,
    share(seeds, ({ differences }) => differences.length === 0),
    ...['steps', 'logLines', 'sysfsEntries', 'patchStates'].map((field) => sum(seeds, field)),
  ]);
  const wrong = runs.flatMap(({ version, seeds }) =>
    seeds.flatMap(({ seed, differences }) => differences.map((text) => [version, seed, text].map(cell))),
  );
  const head = [
    'Kernel',
    'Date',
    'Seeds',
    'Scenarios that agree',
    'Steps',
    'Log lines',
    'sysfs entries',
    'Patch states',
  ];
  return [
    '## Random scenarios',
    'Scenarios made from a seed: up to three patches, and actions with waiting between them, compared in the same way. A ' +
      'scenario ends once a signal has sent a task into a replacement: what the task does then is not compared. ' +
      '`npm run test:kernel:random -- N FIRST_SEED` plays them.',
    table(head, rows),
    wrong.length === 0 ? 'Differences: 0.' : table(['Kernel', 'Seed', 'What differs'], wrong),
  ];
}

function selftestsPart(runs) {
  if (runs.length === 0) return [];
  const rows = runs.map(({ source, totals }) => [
    source,
    `${totals.agree} of ${totals.tests}`,
    totals.steps,
    ...[totals.livepatchLines, totals.moduleLines, totals.shadowLines],
    totals.assertions,
    totals.differences,
    totals.notCompared,
  ]);
  const wrong = runs.flatMap(({ version, tests }) =>
    tests.flatMap(({ script, title, differences }) =>
      differences.map((text) => [version, script, title, text].map(cell)),
    ),
  );
  const head = [
    'linux-source',
    'Selftests that agree',
    'Steps',
    'Lines of livepatch',
    'Lines of callbacks and modules',
  ];
  const more = ['Lines of shadow variables', 'sysfs values and rights', 'Differences', 'Lines not compared'];
  return [
    '## The kernel’s own selftests on the simulator',
    'The scripts of `tools/testing/selftests/livepatch` run as they are; their steps act on the simulator. Their modules ' +
      'go through this project’s own analysis, the C code of the callbacks is interpreted, and the log is compared with ' +
      'the one that the selftest demands. What is demanded there is what a kernel must do; no kernel ran for this table. ' +
      'Shadow variables are no part of a simulated run: their lines come from the simulator’s shadow variable API alone.',
    table([...head, ...more], rows),
    wrong.length === 0 ? 'Differences: 0.' : table(['Kernel', 'Script', 'Test', 'What differs'], wrong),
  ];
}

function kernelSelftestsPart(runs) {
  if (runs.length === 0) return [];
  const rows = runs.map(({ release, source, tests }) => [
    release,
    source.replace(/^[^-]*-/, ''),
    share(tests, ({ differences }) => differences.length === 0),
    ...['lines', 'shadowLines', 'assertions'].map((field) => sum(tests, field)),
    tests.flatMap(({ differences }) => differences).length,
  ]);
  const wrong = runs.flatMap(({ version, tests }) =>
    tests.flatMap(({ script, title, differences }) =>
      differences.map((text) => [version, script, title, text].map(cell)),
    ),
  );
  const head = ['Kernel', 'linux-source', 'Selftests that agree', 'Log lines that are the same'];
  const more = ['Of them, of shadow variables', 'sysfs values and rights', 'Differences'];
  return [
    '## The kernel’s own selftests on real kernels',
    'The same scripts, with their own helpers and their modules built for the kernel, in a guest. Three logs are held ' +
      'against each other line by line: the one that the selftest demands, the simulator’s, and the one that the kernel ' +
      'printed. A line counts when it is the same in all three at the same place; only the pids that one script hands to ' +
      'its module are passed over. The log of test-shadow-vars.sh has the order of allocations, and which variable holds ' +
      'which value. A selftest agrees when the logs do and its script was content with the kernel.',
    table([...head, ...more], rows),
    wrong.length === 0 ? 'Differences: 0.' : table(['Kernel', 'Script', 'Test', 'What differs'], wrong),
  ];
}

const rules = results('rules');
const twins = results('twin');
if (rules.length === 0 || twins.length === 0) {
  console.error('There are no results. Run "npm run test:kernel" first.');
  process.exit(1);
}
const page = [
  '<!-- Written by "npm run fidelity". -->',
  '# Compared with real kernels',
  'What the rules claim and what the simulator predicts is compared with what Debian’s kernels did. The numbers are ' +
    'those of the last run of `npm run test:kernel`; `npm run fidelity` writes this page.',
  ...rulesPart(rules),
  ...twinPart(twins),
  ...randomPart(results('random')),
  ...selftestsPart(results('selftests')),
  ...kernelSelftestsPart(results('kernel-selftests')),
  'What the kernels did in each scenario is kept in `test/fixtures/kernel-traces/`; the unit tests play it on the ' +
    'simulator again, without QEMU.',
];
writeFileSync(join(root, 'docs', 'fidelity.md'), `${page.join('\n\n')}\n`);
