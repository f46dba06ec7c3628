import type { HostBlocker, HostForecast, HostResult } from './host-result.ts';

/**
 * How the load ends on a host. `within-…`: in every run that was simulated, so the slowest run decides. `sometimes`:
 * some runs did not finish within the time limit; `never`: none did.
 */
export type Outcome =
  | 'within-1s'
  | 'within-5s'
  | 'within-60s'
  | 'slower'
  | 'sometimes'
  | 'never'
  | 'refused'
  | 'unreadable';

export const OUTCOMES: readonly Outcome[] = [
  'within-1s',
  'within-5s',
  'within-60s',
  'slower',
  'sometimes',
  'never',
  'refused',
  'unreadable',
];

/** What a fleet's results come to. Plain JSON; of bounded size, however many hosts there are. */
export interface FleetSummary {
  readonly format: 'livepatch-fleet-summary-1';
  readonly hosts: number;
  readonly tasks: number;
  readonly outcomes: { readonly [outcome in Outcome]: number };
  /** Hosts on which a run needed the signals that come after 15 s. */
  readonly needSignals: number;
  /** By recorded kernel release, most hosts first. */
  readonly kernels: readonly { readonly release: string; readonly hosts: number }[];
  /** What holds hosts up, worst first. */
  readonly blockers: readonly FleetBlocker[];
  /** Kinds of blockers beyond what is kept apart. */
  readonly moreBlockers: number;
  /** Share of the hosts whose slowest run was done by then. Microseconds, ascending. */
  readonly curve: readonly { readonly at: number; readonly hosts: number }[];
  /** The hosts that are worst off. */
  readonly worst: readonly { readonly host: string; readonly outcome: Outcome; readonly headline: string }[];
  /** The first of those that could not be read. */
  readonly unreadable: readonly { readonly host: string; readonly error: string }[];
}

export interface FleetBlocker extends Pick<HostBlocker, 'why' | 'function' | 'released'> {
  readonly hosts: number;
  readonly tasks: number;
  /** Commands, most hosts first. */
  readonly comms: readonly { readonly comm: string; readonly hosts: number }[];
  readonly eintr: readonly string[];
  /** Of the first host that had it, as the advice is. */
  readonly stack: readonly string[];
  readonly advice: readonly string[];
  readonly examples: readonly string[];
}

/** Blockers kept apart; commands of each; hosts and errors that are named. */
const MOST_KINDS = 1000;
const MOST_COMMS = 50;
const MOST_KERNELS = 200;
const NAMED_HOSTS = 50;
const NAMED_UNREADABLE = 100;
const EXAMPLES = 3;
const SHOWN_COMMS = 6;

const SECOND = 1_000_000;
/** The points of the curve, in microseconds: fine where operators decide. */
const CURVE = [
  0, 1e3, 1e4, 1e5, 2e5, 5e5, 1e6, 1.5e6, 2e6, 2.5e6, 3e6, 4e6, 5e6, 6e6, 8e6, 10e6, 12e6, 14e6, 15e6, 16e6, 17e6, 18e6,
  20e6, 25e6, 30e6, 31e6, 32e6, 35e6, 40e6, 45e6, 46e6, 50e6, 60e6,
];

export function outcomeOf(result: HostResult): Outcome {
  if (!result.ok) return 'unreadable';
  if (result.errno !== 0) return 'refused';
  if (result.finished === 0 || result.time === null) return 'never';
  if (result.finished < result.seeds) return 'sometimes';
  const { max } = result.time;
  if (max <= SECOND) return 'within-1s';
  if (max <= 5 * SECOND) return 'within-5s';
  return max <= 60 * SECOND ? 'within-60s' : 'slower';
}

interface Kind {
  readonly first: HostBlocker;
  hosts: number;
  tasks: number;
  readonly comms: Map<string, number>;
  readonly eintr: Set<string>;
  readonly examples: string[];
}

/** Adds up results, one after the other: what it keeps does not grow with the number of hosts. */
export class FleetTally {
  private hosts = 0;
  private tasks = 0;
  private needSignals = 0;
  private moreBlockers = 0;
  private readonly outcomes = new Map<Outcome, number>();
  private readonly kernels = new Map<string, number>();
  private readonly kinds = new Map<string, Kind>();
  private readonly curve = CURVE.map(() => 0);
  private readonly unreadable: { host: string; error: string }[] = [];
  private worst: { host: string; outcome: Outcome; headline: string; badness: number }[] = [];

  add(result: HostResult): void {
    const outcome = outcomeOf(result);
    this.hosts++;
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    if (!result.ok) {
      const { host, error } = result;
      if (this.unreadable.length < NAMED_UNREADABLE) this.unreadable.push({ host, error });
      return;
    }
    this.tasks += result.tasks;
    if (result.needsSignals > 0) this.needSignals++;
    count(this.kernels, result.recorded, MOST_KERNELS);
    this.addToCurve(result);
    this.addBlockers(result);
    this.addToWorst(result, outcome);
  }

  summary(): FleetSummary {
    return {
      format: 'livepatch-fleet-summary-1',
      hosts: this.hosts,
      tasks: this.tasks,
      outcomes: Object.fromEntries(OUTCOMES.map((outcome) => [outcome, this.outcomes.get(outcome) ?? 0])) as {
        [outcome in Outcome]: number;
      },
      needSignals: this.needSignals,
      kernels: byCount(this.kernels).map(([release, hosts]) => ({ release, hosts })),
      blockers: [...this.kinds.values()].map(fleetBlocker).sort(worseBlocker),
      moreBlockers: this.moreBlockers,
      curve: CURVE.map((at, index) => ({ at, hosts: this.curve[index] ?? 0 })),
      worst: this.worst.map(({ host, outcome, headline }) => ({ host, outcome, headline })),
      unreadable: this.unreadable,
    };
  }

  private addToCurve({ errno, finished, seeds, time }: HostForecast): void {
    if (errno !== 0 || time === null || finished < seeds) return;
    CURVE.forEach((at, index) => {
      if (time.max <= at) this.curve[index] = (this.curve[index] ?? 0) + 1;
    });
  }

  private addBlockers({ host, blockers }: HostForecast): void {
    const seen = new Set<Kind>();
    for (const blocker of blockers) {
      const key = `${blocker.why} ${blocker.function} ${blocker.released}`;
      let kind = this.kinds.get(key);
      if (kind === undefined) {
        if (this.kinds.size >= MOST_KINDS) {
          this.moreBlockers++;
          continue;
        }
        kind = { first: blocker, hosts: 0, tasks: 0, comms: new Map(), eintr: new Set(), examples: [] };
        this.kinds.set(key, kind);
      }
      kind.tasks += blocker.tasks;
      count(kind.comms, family(blocker.comm), MOST_COMMS);
      if (blocker.eintr !== null) kind.eintr.add(blocker.eintr);
      if (seen.has(kind)) continue;
      seen.add(kind);
      kind.hosts++;
      if (kind.examples.length < EXAMPLES) kind.examples.push(host);
    }
  }

  private addToWorst(result: HostForecast, outcome: Outcome): void {
    const badness = OUTCOMES.indexOf(outcome) * 1e12 + (result.time?.max ?? 0);
    const last = this.worst[NAMED_HOSTS - 1];
    if (outcome === 'within-1s' || (last !== undefined && badness <= last.badness)) return;
    this.worst.push({ host: result.host, outcome, headline: result.headline, badness });
    this.worst.sort((a, b) => b.badness - a.badness || (a.host < b.host ? -1 : 1));
    this.worst = this.worst.slice(0, NAMED_HOSTS);
  }
}

/** Threads that differ only in numbers are one kind. */
const family = (comm: string): string => comm.replace(/\d+/g, '*');

function count(counts: Map<string, number>, key: string, most: number): void {
  const before = counts.get(key);
  if (before === undefined && counts.size >= most) return;
  counts.set(key, (before ?? 0) + 1);
}

const byCount = (counts: ReadonlyMap<string, number>): [string, number][] =>
  [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));

function fleetBlocker({ first, hosts, tasks, comms, eintr, examples }: Kind): FleetBlocker {
  return {
    why: first.why,
    function: first.function,
    released: first.released,
    hosts,
    tasks,
    comms: byCount(comms)
      .slice(0, SHOWN_COMMS)
      .map(([comm, each]) => ({ comm, hosts: each })),
    eintr: [...eintr].sort(),
    stack: first.stack,
    advice: first.advice ?? [],
    examples,
  };
}

const RELEASES: readonly HostBlocker['released'][] = ['never', 'signal', 'kernel-exit', 'wakes-itself'];

function worseBlocker(a: FleetBlocker, b: FleetBlocker): number {
  return (
    RELEASES.indexOf(a.released) - RELEASES.indexOf(b.released) ||
    b.hosts - a.hosts ||
    b.tasks - a.tasks ||
    (`${a.why} ${a.function}` < `${b.why} ${b.function}` ? -1 : 1)
  );
}
