import { reasonText } from '../simulator/reason-text.ts';
import type { Trace } from '../simulator/trace.ts';
import { type Lane, lanes, type Segment } from './lanes.ts';

/** A run of a real kernel laid over the simulator's run of the same scenario. */
export interface Overlay {
  /** The tasks that were compared over the whole time, in the order of the scenario. */
  readonly tasks: readonly LanePair[];
  /** Other tasks that one side calls held up and the other does not. */
  readonly strangers: readonly Stranger[];
}

export interface LanePair {
  readonly name: string;
  /** Null: that side does not have it. */
  readonly simulated: Lane | null;
  readonly real: Lane | null;
  readonly differences: readonly LaneDifference[];
}

/** A stretch in which the sides say different things of a task; microseconds since the run's start. */
export interface LaneDifference {
  readonly from: number;
  readonly to: number;
  /** `runs old code, held up: it sleeps in …` */
  readonly simulator: string;
  readonly kernel: string;
}

export interface Stranger {
  readonly comm: string;
  /** `is held up: it sleeps in …`, `is not held up`. */
  readonly simulator: string;
  readonly kernel: string;
}

/**
 * What is over sooner is no difference: passes come once a second, at another part of the second on each side, and a real
 * kernel's tasks are looked at ten times a second.
 */
export const SAME_TIME = 1_200_000;

/**
 * Lays one run over the other.
 *
 * @param named the scenario's tasks, which both sides know by these names
 */
export function layOver(simulated: Trace, real: Trace, named: readonly string[]): Overlay {
  const [one, other] = [lanes(simulated), lanes(real)];
  const end = Math.min(simulated.end, real.end);
  const tasks = named.map((name): LanePair => {
    const [ours, theirs] = [one, other].map((all) => all.find(({ task }) => task.comm === name) ?? null);
    const pair = { name, simulated: ours ?? null, real: theirs ?? null };
    return { ...pair, differences: differences(pair.simulated, pair.real, end) };
  });
  const isStranger = ({ task }: Lane): boolean => !named.includes(task.comm.replace(/'s child$/, ''));
  // A scenario may be simulated on a whole preset, of which the guest has nothing.
  const alike = simulated.options.workload === real.options.workload;
  return { tasks, strangers: alike ? strangers(one.filter(isStranger), other.filter(isStranger)) : [] };
}

/** Everything that a task does, cut where either side changes. */
function differences(simulated: Lane | null, real: Lane | null, end: number): LaneDifference[] {
  const cuts = [
    0,
    end,
    ...[simulated, real].flatMap((lane) => (lane?.segments ?? []).flatMap(({ from, to }) => [from, to])),
  ];
  const times = [...new Set(cuts)].filter((at) => at >= 0 && at <= end).sort((a, b) => a - b);
  const out: LaneDifference[] = [];
  for (const [place, from] of times.entries()) {
    const to = times[place + 1];
    if (to === undefined) break;
    const [one, other] = [stateAt(simulated, from), stateAt(real, from)];
    if (one.key === other.key) continue;
    const [simulator, kernel] = [one.text, other.text];
    const last = out.at(-1);
    if (last && last.to === from && last.simulator === simulator && last.kernel === kernel) {
      out[out.length - 1] = { ...last, to };
    } else out.push({ from, to, simulator, kernel });
  }
  return out.filter(({ from, to }) => to - from > SAME_TIME);
}

/**
 * What a task does at a time: for people, and what of it both sides can know. Of the function that holds a task up the
 * kernel prints only which function of the patch it belongs to.
 */
function stateAt(lane: Lane | null, at: number): { readonly key: string; readonly text: string } {
  if (lane === null) return { key: 'none', text: 'is not there' };
  const segment = lane.segments.find(({ from, to }) => at >= from && at < to);
  // Not alive and nothing patched are alike: neither tells anything of the patch.
  if (segment === undefined || segment.state === 'rest') return { key: 'rest', text: 'nothing is patched' };
  const code = segment.state === 'new' || segment.state === 'blocked-new' ? 'new' : 'old';
  const why = holdText(segment);
  if (why === null) return { key: code, text: `runs ${code} code` };
  return { key: `${code} ${holdKey(segment)}`, text: `runs ${code} code, held up: it ${why}` };
}

function holdText({ reason }: Segment): string | null {
  return reason === null || reason.kind === 'running' ? null : reasonText(reason);
}

function holdKey({ reason }: Segment): string {
  return reason?.kind === 'sleeping-on' ? reason.original : (reason?.kind ?? '');
}

/** Threads that are called alike but for a number count as one: numbers differ from machine to machine. */
function strangers(simulated: readonly Lane[], real: readonly Lane[]): Stranger[] {
  const ours = holds(simulated, 0);
  const long = holds(simulated, SAME_TIME);
  const theirs = holds(real, 0);
  const families = [...new Set([...long.keys(), ...theirs.keys()])].sort();
  return families.flatMap((comm): Stranger[] => {
    const [one, other] = [ours.get(comm), theirs.get(comm)];
    if (one?.key === other?.key) return [];
    const text = (hold: { text: string } | undefined): string =>
      hold === undefined ? 'is not held up' : `is held up: it ${hold.text}`;
    return [{ comm, simulator: text(one), kernel: text(other) }];
  });
}

/** Why tasks were held up for longer than `least` microseconds, by the family of their names. */
function holds(all: readonly Lane[], least: number): Map<string, { readonly key: string; readonly text: string }> {
  const found = new Map<string, { key: string; text: string }>();
  for (const { task, segments } of all) {
    const held = segments.find((segment) => holdText(segment) !== null && segment.to - segment.from > least);
    const text = held && holdText(held);
    if (held && text) found.set(task.comm.replace(/\d+/g, '*'), { key: holdKey(held), text });
  }
  return found;
}
