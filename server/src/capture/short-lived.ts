import type { Capture } from './capture-format.ts';
import { SECOND, type Sighting } from './pace.ts';
import type { Child } from './phases.ts';

/** TASK_COMM_LEN without the zero. */
export const COMM_LENGTH = 15;

/** Processes of one name that somebody starts again and again, and that end. */
export interface Brood {
  /** The process that lasts among those that they descend from. */
  readonly parent: readonly Sighting[];
  readonly child: Child;
  /** Those that were seen. */
  readonly members: readonly (readonly Sighting[])[];
}

/**
 * Processes that came or went between the samples, by name and by who starts them. How long they live follows from their
 * age when they were seen, and how many are started from how many were there at a time (Little's law).
 */
export function shortLived(histories: readonly (readonly Sighting[])[], capture: Capture): Brood[] {
  const { samples, clockTicks } = capture;
  const begin = samples[0]?.uptime;
  const end = samples[samples.length - 1]?.uptime;
  if (begin === end) return [];
  const lasts = (history: readonly Sighting[]): boolean =>
    history[0]?.uptime === begin && history[history.length - 1]?.uptime === end;
  const leaders = new Map<number, readonly Sighting[]>();
  for (const history of histories) {
    const [sighting] = history as [Sighting];
    const { pid, tid } = sighting.task;
    // Of two with one number the one that lasts.
    if (pid === tid && !(leaders.has(pid) && lasts(leaders.get(pid) as readonly Sighting[]))) leaders.set(pid, history);
  }
  const ancestor = (history: readonly Sighting[]): readonly Sighting[] | undefined => {
    const seen = new Set<readonly Sighting[]>();
    let at: readonly Sighting[] | undefined = history;
    while (at !== undefined && !seen.has(at)) {
      if (lasts(at)) return at;
      seen.add(at);
      const [{ task }] = at as [Sighting];
      const next: number | null = task.tid === task.pid ? task.ppid : task.pid;
      at = next === null ? undefined : leaders.get(next);
    }
    return undefined;
  };

  const broods = new Map<readonly Sighting[], Map<string, (readonly Sighting[])[]>>();
  for (const history of histories) {
    const [{ task }] = history as [Sighting];
    if (task.kind !== 'user' || lasts(history)) continue;
    const parent = ancestor(history);
    if (parent === undefined || parent[0]?.task.kind !== 'user') continue;
    const byName = broods.get(parent) ?? new Map<string, (readonly Sighting[])[]>();
    broods.set(parent, byName);
    const members = byName.get(task.comm) ?? [];
    byName.set(task.comm, members);
    members.push(history);
  }
  return [...broods].flatMap(([parent, byName]) =>
    [...byName].map(([comm, members]): Brood => {
      const looks = members.flat();
      const ages = looks.map(({ task, uptime }) => Math.max(1 / clockTicks, uptime - task.started / clockTicks));
      const lives = (ages.reduce((sum, age) => sum + age, 0) / ages.length) * SECOND;
      const name = [...comm].slice(0, COMM_LENGTH).join('');
      return { parent, members, child: { comm: name, lives, rate: looks.length / samples.length / lives } };
    }),
  );
}
