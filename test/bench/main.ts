/**
 * The benchmarks: the bundled server as an editor sees it, with the floor beside each figure. Figures of one machine say
 * little, so read the ratios. `main.js DIST HERE ROUNDS`: the bundle's folder, the benchmarks' own, how many rounds.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Edit, type Point } from 'web-tree-sitter';
import { forecast } from '../../shared/src/simulator/forecast.ts';
import { loadBareParser } from './bare-parser.ts';
import { BenchClient } from './client.ts';
import { type GeneratedModule, generateModule } from './generated-module.ts';
import { formatRows, median, type Row } from './measure.ts';
import { BENCH_IMAGE, benchWorkload } from './simulated-machine.ts';

const FUNCTIONS = 500;
const TASKS = 400;
const SEEDS = 50;

async function main(dist: string, here: string, rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'livepatch-bench-'));
  try {
    const server = join(dist, 'server.js');
    const echo = join(here, 'echo-server.js');
    const small = generateModule(10);
    const large = generateModule(FUNCTIONS);
    console.log(`Node ${process.version}, median of ${rounds} rounds.`);
    console.log(
      `Module: ${large.text.split('\n').length} lines, ${FUNCTIONS} functions. Simulator: ${SEEDS} seeds, ${TASKS} tasks.\n`,
    );
    const rows = [
      ...(await start(folder, { server, echo, bareParse: join(here, 'bare-parse.js'), dist }, small, rounds)),
      ...(await work(folder, server, echo, dist, large, rounds)),
      ...(await simulation(rounds)),
    ];
    console.log(formatRows(rows));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** From the start of the process to the first findings. */
async function start(
  folder: string,
  paths: { server: string; echo: string; bareParse: string; dist: string },
  module: GeneratedModule,
  rounds: number,
): Promise<Row[]> {
  const file = join(folder, 'small.c');
  writeFileSync(file, module.text);
  const toFirstFindings = (script: string) =>
    median(rounds, async () => {
      const client = new BenchClient(script);
      await client.initialize();
      await client.open(pathToFileURL(file).href, module.text);
      // The process is not waited for: what it does after its findings is not part of the figure.
      client.child.kill('SIGKILL');
      client.connection.dispose();
    });
  const ours = await toFirstFindings(paths.server);
  const empty = await toFirstFindings(paths.echo);
  const node = await median(rounds, () => spawnSync(process.execPath, ['-e', '']));
  const parse = (await median(rounds, () => spawnSync(process.execPath, [paths.bareParse, paths.dist, file]))) - node;
  return [
    {
      what: 'start to first findings',
      ours,
      unit: 'ms',
      floor: { what: 'empty vscode-languageserver + loading tree-sitter and one parse', value: empty + parse },
    },
    { what: '', ours, unit: 'ms', floor: { what: 'empty vscode-languageserver alone', value: empty } },
  ];
}

/** A large document in a server that runs already. */
async function work(
  folder: string,
  server: string,
  echo: string,
  dist: string,
  module: GeneratedModule,
  rounds: number,
): Promise<Row[]> {
  const parser = await loadBareParser(dist);
  const uriOf = (round: number) => pathToFileURL(join(folder, `large-${round}.c`)).href;
  const bareParse = await median(rounds, () => parser.parse(module.text)?.delete());
  const bareEdit = await bareEditTime(parser, module, rounds);

  const figures = async (script: string) => {
    const client = new BenchClient(script);
    await client.initialize();
    const open = await median(rounds, (round) => client.open(uriOf(round), module.text));
    const uri = uriOf(0);
    let version = 1;
    const change = () => {
      version++;
      const text = version % 2 === 0 ? '\t' : '';
      const { line, character } = module.body;
      const range = { start: { line, character }, end: { line, character: character + (text === '' ? 1 : 0) } };
      return client.change(uri, version, [{ range, text }]);
    };
    const symbols = await median(rounds, async () => {
      void change();
      await client.connection.sendRequest('textDocument/documentSymbol', { textDocument: { uri } });
    });
    const editToFindings = await median(rounds, async () => {
      const findings = client.findings(uri, version + 1);
      void change();
      await findings;
    });
    const hoverRequest = () =>
      client.connection.sendRequest('textDocument/hover', { textDocument: { uri }, position: module.patchName });
    const hoverAfterEdit = await median(rounds, async () => {
      void change();
      await hoverRequest();
    });
    const hoverAgain = await median(rounds, hoverRequest);
    const memory = client.memory();
    await new Promise((resolve) => setTimeout(resolve, 500));
    const before = client.processorTime();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const idle = client.processorTime() - before;
    await client.stop();
    return { open, symbols, editToFindings, hoverAfterEdit, hoverAgain, memory, idle };
  };
  const ours = await figures(server);
  const floor = await figures(echo);
  const row = (what: string, key: keyof typeof ours, floorWhat: string, extra = 0): Row => ({
    what,
    ours: ours[key],
    unit: key === 'memory' ? 'MB' : 'ms',
    floor: { what: floorWhat, value: floor[key] + extra },
  });
  return [
    row('open a large module to findings', 'open', 'echo + bare parse', bareParse),
    row('edit to document symbols', 'symbols', 'echo + bare incremental parse', bareEdit),
    row('edit to findings', 'editToFindings', 'echo + bare incremental parse', bareEdit),
    row('hover on the patch after an edit', 'hoverAfterEdit', 'echo'),
    row('hover on the patch again', 'hoverAgain', 'echo'),
    row(`memory with ${rounds + 1} large modules open`, 'memory', 'echo'),
    { what: 'processor time in a second at rest', ours: ours.idle, unit: 'ms', floor: null },
  ];
}

/** An edit of one character in a function's body, as tree-sitter alone takes it. */
async function bareEditTime(
  parser: Awaited<ReturnType<typeof loadBareParser>>,
  module: GeneratedModule,
  rounds: number,
): Promise<number> {
  const { line, character } = module.body;
  const index = module.text.split('\n').slice(0, line).join('\n').length + 1 + character;
  const edited = `${module.text.slice(0, index)}\t${module.text.slice(index)}`;
  const [before, after] = [character, character + 1].map((column) => ({ row: line, column })) as [Point, Point];
  let tree = parser.parse(module.text);
  let longer = false;
  const time = await median(rounds, () => {
    const edit = longer
      ? { startIndex: index, oldEndIndex: index + 1, newEndIndex: index, oldEndPosition: after, newEndPosition: before }
      : {
          startIndex: index,
          oldEndIndex: index,
          newEndIndex: index + 1,
          oldEndPosition: before,
          newEndPosition: after,
        };
    tree?.edit(new Edit({ ...edit, startPosition: before }));
    longer = !longer;
    const next = parser.parse(longer ? edited : module.text, tree);
    tree?.delete();
    tree = next;
  });
  tree?.delete();
  return time;
}

async function simulation(rounds: number): Promise<Row[]> {
  const workload = benchWorkload(TASKS);
  const time = await median(rounds, () => {
    forecast(BENCH_IMAGE, { kernel: '6.12', workload, seeds: SEEDS });
  });
  return [{ what: `forecast: ${SEEDS} seeds, ${TASKS} tasks`, ours: time, unit: 'ms', floor: null }];
}

void main(process.argv[2] as string, process.argv[3] as string, Number(process.argv[4]));
