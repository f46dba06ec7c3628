import { SimulatorError } from './errno.ts';
import { idleClass, type TaskClass, taskClasses } from './task-class.ts';
import type { Workload } from './workload.ts';

/** What follows from a workload alone: worked out once for all runs on it. */
export interface PreparedWorkload {
  readonly workload: Workload;
  /** By group. */
  readonly classes: readonly TaskClass[];
  /** By CPU. */
  readonly idleClasses: readonly TaskClass[];
  /** CPUs that are online and have a tick; the first online one when none has. */
  readonly housekeepingCpus: readonly number[];
  /** Groups whose tasks wake when a module comes or goes. */
  readonly ueventListeners: ReadonlySet<number>;
  /** How many tasks there are from the start, without the idle ones. */
  readonly taskCount: number;
}

/** Throws SimulatorError for a machine without a CPU that is online. */
export function prepareWorkload(workload: Workload): PreparedWorkload {
  const { cpus, nohzFullCpus, offlineCpus = [], tasks } = workload;
  if (!Number.isInteger(cpus) || cpus < 1) throw new SimulatorError('a machine needs a CPU');
  const all = Array.from({ length: cpus }, (_, cpu) => cpu);
  const online = all.filter((cpu) => !offlineCpus.includes(cpu));
  if (online.length === 0) throw new SimulatorError('a machine needs a CPU that is online');
  const housekeeping = online.filter((cpu) => !nohzFullCpus.includes(cpu));
  return {
    workload,
    classes: taskClasses(workload),
    idleClasses: all.map(idleClass),
    housekeepingCpus: housekeeping.length > 0 ? housekeeping : online.slice(0, 1),
    ueventListeners: new Set(tasks.flatMap(({ hearsUevents }, group) => (hearsUevents === true ? [group] : []))),
    taskCount: tasks.reduce((sum, group) => sum + (group.starts === 'by-step' ? 0 : group.count), 0),
  };
}
