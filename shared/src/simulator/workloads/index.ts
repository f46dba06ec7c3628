import type { Workload } from '../workload.ts';
import { presetOf, type RecordedMachine } from './recorded.ts';
import { RECORDED as RECORDED_6_1 } from './recorded-6.1.ts';
import { RECORDED as RECORDED_6_12 } from './recorded-6.12.ts';

/** Recorded machines by the kernel series they were recorded on (major * 1000 + minor), newest first. */
const SERIES: readonly { readonly version: number; readonly machines: readonly RecordedMachine[] }[] = [
  { version: 6012, machines: RECORDED_6_12 },
  { version: 6001, machines: RECORDED_6_1 },
];

/** The presets, in the order in which people are offered them. */
export const PRESETS: readonly Pick<Workload, 'id' | 'title'>[] = [
  { id: 'web-server', title: 'Web server, 4 CPUs' },
  { id: 'database', title: 'Database server, 8 CPUs' },
  { id: 'build-machine', title: 'Build machine, 16 CPUs' },
];

const made = new Map<RecordedMachine, Workload>();

/**
 * The preset of that id, undefined when there is none. It has the stacks of the newest recorded kernel that is not newer
 * than `kernel` (`6.11`, `6.12.117`), else those of the oldest one.
 */
export function workloadById(id: string, kernel: string): Workload | undefined {
  const match = /^(\d+)\.(\d+)/.exec(kernel);
  const version = match === null ? Infinity : Number(match[1]) * 1000 + Number(match[2]);
  const recorded = SERIES.flatMap((series) => {
    const machine = series.machines.find((each) => each.id === id);
    return machine === undefined ? [] : [{ version: series.version, machine }];
  });
  const chosen = recorded.find((each) => each.version <= version) ?? recorded[recorded.length - 1];
  if (chosen === undefined) return undefined;
  const known = made.get(chosen.machine) ?? presetOf(chosen.machine);
  made.set(chosen.machine, known);
  return known;
}
