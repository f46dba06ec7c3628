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
  const kinds = ['bad', 'good', 'fixed'].filter((kind) =>
    runs.some(({ rows }) => rows.some((row) => row.kind === kind)),
  );
  const rows = runs.map(({ release, rows }) => {
    const ids = [...new Set(rows.map((row) => row.rule))];
    const proven = ids.filter((id) => rows.every((row) => row.rule !== id || agrees(row)));
    return [
      release,
      `${proven.length} of ${ids.length}`,
      ...kinds.map((kind) =>
        share(
          rows.filter((row) => row.kind === kind),
          agrees,
        ),
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
      'patched, unpatched and unloaded without a word of complaint from the kernel. A bad example to which its rule’s safe ' +
      'fixes were applied agrees when the kernel no longer does what the rule says, and nothing worse. Rules about what only other kernel ' +
      'versions have are not in these numbers.',
    table(
      ['Kernel', 'Rules that agree', ...kinds.map((kind) => `${kind[0].toUpperCase()}${kind.slice(1)} examples`)],
      rows,
    ),
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
      '`patch_state` of the named tasks and which of their system calls returned EINTR. Scenarios are scenario files ' +
      '(docs/scenarios.md), and `livepatch-ls verify` compares in the same way. The kernel gets the C source of ' +
      'the patches through kbuild, the simulator through this project’s own analysis.',
    table(head, rows),
    wrong.length === 0 ? 'Differences: 0.' : table(['Kernel', 'Scenario', 'What differs'], wrong),
    'Not compared: the lines that name single tasks (`klp_try_switch_task`), times beyond the order of lines, and ' +
      'machines with more than one CPU. Where tasks sleep in their system calls is what the simulator knows of each kernel, ' +
      'and is the same as what the kernels showed; for a reader of a file of a target module the scenario says it.',
    'What it tells of shadow variables that nobody frees (`shadow-leak`, `shadow-dangles`, `shadow-shared`) is held against ' +
      'what the next livepatch finds on both kernels (`test/kernel/shadows.test.ts`), and livepatch relocations, right and ' +
      'wrong ones, against what the kernels do with modules that were edited so (`test/kernel/relocations.test.ts`). ' +
      '`late-exit` rests on the source alone.',
  ];
}

/** `1 to 40, 51`: seeds that follow each other are one range. */
function ranges(seeds) {
  const found = [];
  for (const seed of [...seeds].sort((a, b) => a - b)) {
    const last = found.at(-1);
    if (last?.to === seed - 1) last.to = seed;
    else found.push({ from: seed, to: seed });
  }
  return found.map(({ from, to }) => (from === to ? `${from}` : `${from} to ${to}`)).join(', ');
}

function randomPart(runs) {
  if (runs.length === 0) return [];
  const rows = runs.map(({ release, seeds }) => [
    release,
    [...new Set(seeds.map(({ date }) => date))].sort().join(', '),
    ranges(seeds.map(({ seed }) => seed)),
    share(seeds, ({ differences }) => differences.length === 0),
    ...['steps', 'logLines', 'sysfsEntries', 'patchStates'].map((field) => sum(seeds, field)),
    seeds.filter(({ differences }) => differences.length > 0).length,
  ]);
  const wrong = runs.flatMap(({ version, seeds }) =>
    seeds.flatMap(({ seed, differences }) => differences.map((text) => [version, seed, text].map(cell))),
  );
  const disagreements = runs.flatMap(({ seeds }) => seeds.filter(({ differences }) => differences.length > 0)).length;
  const head = ['Kernel', 'Date', 'Seeds', 'Scenarios that agree', 'Steps', 'Log lines', 'sysfs entries'];
  return [
    '## Random scenarios',
    'Scenarios made from a seed, compared in the same way: up to three patches of the kernel and of two target modules, ' +
      'with atomic replace, states, callbacks that fail (by constants and module parameters), functions that are missing or ' +
      'can not be traced; tasks that sleep in patched functions, are stopped, go on, are woken or killed, fork, or use the ' +
      'CPU; kernel threads; target modules that come and go; reversing, forcing, refused writes, and ftrace switched off. ' +
      'A scenario ends once a task has gone on into a replacement: what the task does then is not compared. A scenario ' +
      'on which kernel and simulator differ is made as small as it gets and kept as a test. ' +
      '`npm run test:kernel:random -- N FIRST_SEED` plays them.',
    'How long a step takes is not compared. Twice a write to `enabled` took long, 523 s on 6.12 (seed 160) and 29 s on 6.1 ' +
      '(seed 308): the kernel waited for RCU tasks beside a reader of /dev/zero. The simulator tells of such a wait as a ' +
      'finding (`rcu-tasks-stall`) and does not play it; the generator makes no more of these.',
    table([...head, 'Patch states', 'Disagreements'], rows),
    `Disagreements: ${disagreements}.`,
    ...(wrong.length === 0 ? [] : [table(['Kernel', 'Seed', 'What differs'], wrong)]),
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

/** Of `npm run test:mutation`, which asks no kernel. */
function mutationPart() {
  let report;
  try {
    report = JSON.parse(readFileSync(join(root, '.cache', 'reports', 'mutation.json'), 'utf8'));
  } catch {
    return [];
  }
  const { mutators, rules, ofRules, rulesWithout, modules, faults, caught, elsewhere, byOthers, unseen, survivors } =
    report;
  return [
    '## Single faults',
    'Single faults that people make (an end left out, a name misspelt, a callback of the wrong kind) are made one at a time ' +
      'in correct modules: the good examples of all rules, and larger ones. Each kind of fault names the rule that must ' +
      'speak, and the place. `npm run test:mutation` makes them; no kernel has a part in it.',
    table(
      [
        'Kinds of fault',
        'Rules they are for',
        'Modules',
        'Faults',
        'Caught',
        'At another place',
        'Only by other rules',
        'Unseen',
      ],
      [[mutators, `${rules} of ${ofRules}`, modules, faults, caught, elsewhere, byOthers, unseen]],
    ),
    ...(survivors.length === 0
      ? []
      : [
          table(
            ['Not caught', 'In', 'Why'],
            survivors.map(({ mutator, base, reason }) => [mutator, base, reason].map(cell)),
          ),
        ]),
    ...(rulesWithout.length === 0
      ? []
      : [`Rules for which no fault is made: ${rulesWithout.map((id) => `\`${id}\``).join(', ')}.`]),
  ];
}

function symbolsPart(runs) {
  if (runs.length === 0) return [];
  return [
    '## Symbols',
    'A livepatch asks the kernel which symbol it takes for a name and a position (`old_sympos`), for names that are there ' +
      'several times and once, in vmlinux and in a module; its address and its size are compared with what is read from ' +
      'that kernel’s /proc/kallsyms.',
    table(
      ['Kernel', 'Positions that agree'],
      runs.map(({ release, asked, wrong }) => [release, `${asked - wrong} of ${asked}`]),
    ),
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
  ...symbolsPart(results('symbols')),
  ...mutationPart(),
  'What the kernels did in each scenario is kept in `test/fixtures/kernel-traces/`, and of random ones in ' +
    '`test/fixtures/random-traces/`; the unit tests play it on the simulator again, without QEMU.',
];
writeFileSync(join(root, 'docs', 'fidelity.md'), `${page.join('\n\n')}\n`);
