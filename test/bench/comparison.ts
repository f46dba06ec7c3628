/**
 * How long comparing all consistency models takes, and how that grows with the tasks. `comparison.js [--quick]` prints
 * Markdown. Figures of one machine say little, so read the ratios.
 */
import { cpus } from 'node:os';
import { compareModels, defaultChoices } from '../../shared/src/comparison/compare.ts';
import type { ModelChoice } from '../../shared/src/comparison/comparison-types.ts';
import { shown, table } from './measure.ts';
import { BENCH_IMAGE, benchWorkload } from './simulated-machine.ts';

const KERNEL = '6.12';
const SIZES = [250, 1000, 4000];

function main(quick: boolean): void {
  const rounds = quick ? 1 : 10;
  const sizes = quick ? SIZES.slice(0, 1) : SIZES;
  console.log(
    `Node ${process.version} on ${cpus().length} CPUs (${process.arch}). The least processor time of ${rounds} runs.`,
  );
  const all = sizes.map((tasks) => time(rounds, tasks));
  const rows = [
    ['all of them', ...all.map((each, index) => figure(each, all[0] ?? each, index))],
    ...defaultChoices(KERNEL).map((choice) => {
      const times = sizes.map((tasks) => time(rounds, tasks, [choice]));
      return [nameOf(choice), ...times.map((each, index) => figure(each, times[0] ?? each, index))];
    }),
  ];
  console.log(`\n${table(['comparing', ...sizes.map((tasks) => `${tasks} tasks`)], rows)}`);
}

function time(rounds: number, tasks: number, choices?: readonly ModelChoice[]): number {
  const options = { workload: benchWorkload(tasks), kernel: KERNEL, seeds: [1], ...(choices ? { choices } : {}) };
  const times: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const before = process.cpuUsage();
    compareModels(BENCH_IMAGE, options);
    const { user, system } = process.cpuUsage(before);
    if (round > 0) times.push((user + system) / 1000);
  }
  return Math.min(...times);
}

function figure(each: number, first: number, index: number): string {
  return index === 0 ? shown(each, 'ms') : `${shown(each, 'ms')} (${(each / first).toFixed(1)} ×)`;
}

function nameOf({ model, kernel, variants }: ModelChoice): string {
  return [model, ...(kernel === undefined ? [] : [kernel]), ...Object.values(variants ?? {})].join(' ');
}

main(process.argv.includes('--quick'));
