import type { Phase, TaskGroup } from '../../../shared/src/simulator/workload.ts';
import type { Capture, CapturedTask } from './capture-format.ts';
import { paceOf, type Sighting } from './pace.ts';
import { phasesOf, phasesUntilExit, typicalLook, withChildren } from './phases.ts';
import { COMM_LENGTH, shortLived } from './short-lived.ts';

/**
 * Listens for devices and modules: that is what it is there for. A recording does not say who listens: a netlink socket may
 * have the number of another process that made it, such as systemd.
 */
const UDEVD = 'systemd-udevd';
/** Zombies and the dead have no stack that could hold a transition up. */
const GONE = /^[ZXx]$/;

export interface Grouping {
  readonly groups: readonly TaskGroup[];
  /** Tasks of the last sample, without those that a workload does not need. */
  readonly tasks: number;
  /** Tasks that sleep and whose stack is not known. */
  readonly withoutStack: number;
  /** Tasks that came or went between the samples, and nobody knows who starts them. */
  readonly cameOrWent: number;
}

/** Tasks that are alike. */
interface Class {
  readonly members: (readonly Sighting[])[];
  readonly cpus: number[];
}

/** Tasks of a recording that are alike, as groups that a workload has. `cpuIndex` renumbers the CPUs that are online. */
export function taskGroups(capture: Capture, cpuIndex: ReadonlyMap<number, number>): Grouping {
  const { machine, clockTicks, samples } = capture;
  const histories = historiesOf(capture);
  const broods = shortLived(histories, capture);
  const children = new Set(broods.flatMap(({ members }) => members));
  const end = samples[samples.length - 1]?.uptime;
  const lasting = histories.filter((history) => !children.has(history));
  const present = lasting.filter((history) => history[history.length - 1]?.uptime === end);
  const paces = new Map(present.map((history) => [history, paceOf(history, clockTicks, samples.length > 1)]));

  const classes = new Map<string, Class>();
  for (const history of present) {
    const looks = history.map(({ task }) => task);
    const [task] = looks.slice(-1) as [CapturedTask];
    const pace = paces.get(history) as ReturnType<typeof paceOf>;
    const [cpu] = task.cpus.length === 1 && cpuIndex.size > 1 ? task.cpus : [];
    const bound = cpu === undefined ? undefined : cpuIndex.get(cpu);
    const rates = broods.flatMap(({ parent, members }) => (parent === history ? [members.length] : []));
    const typical = phasesOf(machine, [typicalLook(looks)], pace);
    const key = JSON.stringify([task.kind, family(task.comm), bound !== undefined, typical, rates]);
    const alike = classes.get(key) ?? { members: [], cpus: [] };
    classes.set(key, alike);
    alike.members.push(history);
    if (bound !== undefined) alike.cpus.push(bound);
  }

  let withoutStack = 0;
  const groups = [...classes.values()].map(({ members, cpus }): TaskGroup => {
    const [history] = members as [readonly Sighting[]];
    const [{ task }] = history.slice(-1) as [Sighting];
    const looks = members.flatMap((member) => member.map((sighting) => sighting.task));
    const phases = phasesOf(machine, looks, paces.get(history) as ReturnType<typeof paceOf>);
    if (phases.some((phase) => phase.do === 'sleep' && phase.stack.length === 0)) withoutStack += members.length;
    const own = broods.filter(({ parent }) => parent === history).map(({ child }) => child);
    const made = group(task, members.length, own.length > 0 ? withChildren(phases, own) : phases, cpus);
    return task.kind === 'user' && task.comm === UDEVD ? { ...made, hearsUevents: true } : made;
  });
  const alive = broods.flatMap((brood): TaskGroup[] => {
    const looks = brood.members.flatMap((history) => history.map(({ task }) => task));
    const now = brood.members.filter((history) => history[history.length - 1]?.uptime === end).length;
    const [task] = looks as [CapturedTask];
    return now === 0 ? [] : [group(task, now, phasesUntilExit(machine, looks, brood.child.lives), [])];
  });
  const came = present.filter((history) => history[0]?.uptime !== samples[0]?.uptime);
  return {
    groups: [...groups, ...alive],
    tasks: [...groups, ...alive].reduce((sum, { count }) => sum + count, 0),
    withoutStack,
    cameOrWent: lasting.length - present.length + came.length,
  };
}

/** All that was seen of each task. */
function historiesOf(capture: Capture): (readonly Sighting[])[] {
  const histories = new Map<string, Sighting[]>();
  for (const { uptime, tasks } of capture.samples) {
    for (const task of tasks) {
      const records = task.pid === capture.recorder || (task.ppid !== null && task.ppid === capture.recorder);
      if (GONE.test(task.state) || records) continue;
      const identity = `${task.tid} ${task.started}`;
      const history = histories.get(identity) ?? [];
      histories.set(identity, history);
      if (history[history.length - 1]?.uptime !== uptime) history.push({ task, uptime });
    }
  }
  return [...histories.values()];
}

function group(task: CapturedTask, count: number, phases: readonly Phase[], cpus: readonly number[]): TaskGroup {
  return {
    comm: [...plainName(task.comm)].slice(0, COMM_LENGTH).join(''),
    kind: task.kind,
    count,
    behaviour: { phases },
    ...(cpus.length > 0 ? { cpus } : {}),
  };
}

/** A kworker's name without what it works on at the moment. */
const plainName = (comm: string): string => comm.replace(/^(kworker\/(?!R-)[^-+]*)[-+].*/, '$1');

/** What instances of one program have in common. */
const family = (comm: string): string => plainName(comm).replace(/\d+/g, '*');
