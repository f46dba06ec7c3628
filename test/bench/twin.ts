/**
 * How fast the simulator is, and how its time grows with the machine and the patch. Figures of one machine say little, so
 * read the ratios. `twin.js [--quick]` prints Markdown; it wants node --expose-gc for the memory that tasks take.
 */
import { cpus } from 'node:os';
import type { PatchImage } from '../../shared/src/model/index.ts';
import { forecast } from '../../shared/src/simulator/forecast.ts';
import { kernelTraits } from '../../shared/src/simulator/kernel-traits.ts';
import { Machine } from '../../shared/src/simulator/machine.ts';
import { hybrid } from '../../shared/src/simulator/models/hybrid.ts';
import { prepareWorkload } from '../../shared/src/simulator/prepared-workload.ts';
import { run, simulate } from '../../shared/src/simulator/simulate.ts';
import type { Step } from '../../shared/src/simulator/step.ts';
import type { Workload } from '../../shared/src/simulator/workload.ts';
import { PRESETS, workloadById } from '../../shared/src/simulator/workloads/index.ts';
import { shown, table } from './measure.ts';
import { BENCH_IMAGE, benchImage, benchWorkload } from './simulated-machine.ts';

const KERNEL = '6.12';
const SEEDS = 50;
const TASKS = 400;
const SECOND = 1_000_000;

const presets = PRESETS.map(({ id }) => workloadById(id, KERNEL) as Workload);

/** A million tasks have more to do than a run is allowed otherwise. */
const NO_EVENT_LIMIT = Number.MAX_SAFE_INTEGER;

function main(quick: boolean): void {
  const rounds = quick ? 1 : 40;
  console.log(
    `Node ${process.version} on ${cpus().length} CPUs (${process.arch}). Times are those that the processor worked, helpers of the ` +
      'engine included; each is the least of several runs, the one that the rest of the machine disturbed least.',
  );
  console.log(`\n${forecasts(rounds)}`);
  console.log(`\n${single(rounds)}`);
  console.log(`\n${growthWithTasks(quick)}`);
  console.log(`\n${growthWithFunctions(rounds)}`);
  console.log(`\n${growthWithPatches(rounds)}`);
}

/** The least processor time in milliseconds: what always takes the same work is only ever disturbed to take longer. */
function best(rounds: number, work: () => void): number {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1000);
  }
  return Math.min(...times);
}

const loads = (images: readonly PatchImage[]): Step[] =>
  images.map((image, index) => ({ at: index * 60 * SECOND, do: 'load', image }));

/** Time of one run as a forecast plays it, without what only a full trace tells; in milliseconds. */
function runTime(rounds: number, workload: Workload, images: readonly PatchImage[]): number {
  const steps = loads(images);
  const timeLimit = images.length * 60 * SECOND;
  return best(rounds, () => {
    run({ kernel: KERNEL, workload, seed: 1, steps, timeLimit, eventLimit: NO_EVENT_LIMIT }, false);
  });
}

function forecasts(rounds: number): string {
  const rows: string[][] = [];
  for (const workload of [benchWorkload(TASKS), ...presets]) {
    const image = workload.id === 'bench' ? BENCH_IMAGE : benchImage('bench', ['do_epoll_wait']);
    let tasks = 0;
    const time = best(rounds, () => {
      tasks = forecast(image, { kernel: KERNEL, workload, seeds: SEEDS }).workload.tasks;
    });
    rows.push([workload.title, String(tasks), shown(time, 'ms'), `${Math.round((time * 1e6) / SEEDS / tasks)} ns`]);
  }
  const head = [`Forecast of ${SEEDS} runs`, 'Tasks', 'Time', 'For each task and run'];
  return `### A forecast\n\nA patch of a function that many tasks sleep in.\n\n${table(head, rows)}`;
}

/** One full trace, and how many events a second it handles. */
function single(rounds: number): string {
  const rows: string[][] = [];
  for (const workload of [benchWorkload(TASKS), ...presets]) {
    // Nobody gets out of schedule() by himself: what tasks do is played for a minute.
    const options = { kernel: KERNEL, workload, seed: 1, steps: loads([benchImage('bench', ['schedule'])]) };
    let told = 0;
    const time = best(rounds, () => {
      told = simulate(options).events.length;
    });
    const { handled } = run(options, true);
    rows.push([
      workload.title,
      String(handled),
      String(told),
      shown(time, 'ms'),
      `${Math.round(handled / time)} thousand`,
    ]);
  }
  const head = ['A minute of a transition that hangs', 'Events', 'Trace events', 'Time', 'Events a second'];
  return `### One run with its whole trace\n\n${table(head, rows)}`;
}

function growthWithTasks(quick: boolean): string {
  const rows: string[][] = [];
  let first = 0;
  for (const tasks of quick ? [1_000, 10_000] : [1_000, 10_000, 100_000, 1_000_000]) {
    const workload = benchWorkload(tasks);
    const time = runTime(tasks < 100_000 ? 40 : 5, workload, [BENCH_IMAGE]);
    first ||= time / tasks;
    rows.push([
      tasks.toLocaleString('en'),
      shown(time, 'ms'),
      shown((time * 1e6) / tasks, 'ns'),
      `${(time / tasks / first).toFixed(2)} ×`,
      tasks < 100_000 ? '' : memoryPerTask(workload, tasks),
    ]);
  }
  const head = ['Tasks', 'One run', 'For each task', 'Of the first row', 'Memory for each task'];
  return `### With the number of tasks\n\nA quarter of the tasks sleeps in the patched function. Memory is that of the machine after a look at every task.\n\n${table(head, rows)}`;
}

function memoryPerTask(workload: Workload, tasks: number): string {
  const { gc } = globalThis;
  if (gc === undefined) return '';
  const held = () => {
    // What the first one finds unused, as finalisers and buffers, goes with the second.
    gc();
    gc();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const traits = kernelTraits(KERNEL);
  const prepared = prepareWorkload(workload);
  const before = held();
  const m = new Machine({ traits, model: hybrid, prepared, seed: 1, symbols: null, recordAll: false });
  m.tasks.forEach((task) => {
    m.look(task);
  });
  const size = (held() - before) / tasks;
  // The machine must not be collected before it was measured.
  return m.tasks === undefined ? '' : `${Math.round(size)} B`;
}

function growthWithFunctions(rounds: number): string {
  const workload = benchWorkload(TASKS);
  const rows: string[][] = [];
  let first = 0;
  for (const count of [1, 10, 100, 1000]) {
    const names = Array.from({ length: count - 1 }, (_, index) => `function_${index}`);
    const time = runTime(rounds, workload, [benchImage('bench', ['ep_poll', ...names])]);
    first ||= time;
    rows.push([String(count), shown(time, 'ms'), `${(time / first).toFixed(2)} ×`]);
  }
  const head = ['Functions', 'One run', 'Of the first row'];
  return `### With the number of functions\n\n${TASKS} tasks; one of the functions is slept in.\n\n${table(head, rows)}`;
}

function growthWithPatches(rounds: number): string {
  const workload = benchWorkload(TASKS);
  const rows: string[][] = [];
  let first = 0;
  for (const count of [1, 2, 4, 8, 16]) {
    const images = Array.from({ length: count }, (_, index) => benchImage(`bench_${index}`, ['ep_poll', 'futex_wait']));
    const time = runTime(rounds, workload, images);
    first ||= time;
    rows.push([String(count), shown(time, 'ms'), shown(time / count, 'ms'), `${(time / count / first).toFixed(2)} ×`]);
  }
  const head = ['Patches, one upon the other', 'All their transitions', 'Each', 'Of the first row'];
  return `### With the number of patches\n\n${TASKS} tasks; each patch replaces the same two functions again.\n\n${table(head, rows)}`;
}

void main(process.argv.includes('--quick'));
