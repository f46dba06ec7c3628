import { type LanePair, layOver, type Overlay } from '../../shared/src/picture/overlay.ts';
import { differs } from '../../shared/src/scenario/compare.ts';
import type { VerifiedRun } from '../../shared/src/scenario/verified.ts';
import { timeText } from '../../shared/src/simulator/time-text.ts';
import { comparedLog } from './compared-log.ts';
import type { LogLine } from './log-lines.ts';
import type { Row } from './rows.ts';
import { type Run, runOf } from './run.ts';
import { segmentAt } from './tally.ts';
import { segmentText } from './words.ts';

/** A real kernel's run laid over the simulator's, with everything that the views say of it. */
export interface LaidOver {
  readonly verified: VerifiedRun;
  readonly overlay: Overlay;
  /** The tasks that were compared, by the id that the simulator gave them. */
  readonly pairs: ReadonlyMap<number, LanePair>;
  readonly log: readonly LogLine[];
  readonly differences: readonly Difference[];
  /** What was compared, in a sentence. */
  readonly compared: string;
  /** The sentence at the top. */
  readonly headline: string;
}

/** One thing on which the sides differ, in words. */
export interface Difference {
  /** `nginx, 1.0 s to 15.1 s`; `log`. */
  readonly what: string;
  /** Where to look, in microseconds. */
  readonly at: number;
  readonly simulator: string;
  readonly kernel: string;
}

const NOT_THERE = 'nothing';

/** What is shown of a verification: the simulator's run, with the tasks that were compared first. */
export function laidOverRun(verified: VerifiedRun): Run {
  const overlay = layOver(verified.simulated, verified.real, verified.tasks);
  const run = runOf(verified.simulated);
  const differences = differencesOf(verified, overlay);
  const laidOver: LaidOver = {
    verified,
    overlay,
    pairs: new Map(overlay.tasks.flatMap((pair) => (pair.simulated ? [[pair.simulated.task.id, pair] as const] : []))),
    log: comparedLog(verified),
    differences,
    compared: comparedText(verified),
    headline: headlineOf(verified, differences.length),
  };
  const pairs = overlay.tasks.filter((pair) => pair.simulated !== null);
  const own = pairs.map((pair) => run.lanes.filter(({ task }) => task.id === pair.simulated?.task.id));
  const others = run.lanes.filter((lane) => !own.some(([mine]) => mine === lane));
  return {
    ...run,
    groups: [
      ...own.map((lanes, place) => ({ title: pairs[place]?.name ?? '', lanes, blocked: true })),
      ...(others.length > 0 ? [{ title: 'not compared', lanes: others, blocked: false }] : []),
    ],
    laidOver,
  };
}

/** What the real kernel did with a row's task at a time: `Linux 6.12.9: runs new code since 1.0 s`. */
export function realText({ pairs, verified }: LaidOver, row: Row, at: number): string {
  const pair = pairOf(pairs, row);
  if (pair === null) return 'not compared';
  const segment = pair.real && segmentAt(pair.real, at);
  const differs = pair.differences.some(({ from, to }) => at >= from && at < to);
  const state = segment ? segmentText(segment) : 'not there';
  return `Linux ${verified.release}${differs ? ', otherwise' : ''}: ${state}`;
}

/** All that a row's task did otherwise there, in words. */
export function differenceText({ pairs }: LaidOver, row: Row): string {
  const pair = pairOf(pairs, row);
  if (pair === null) return 'not compared';
  if (pair.differences.length === 0) return 'the same';
  return pair.differences
    .map(
      ({ from, to, simulator, kernel }) => `${timeText(from)} to ${timeText(to)}: ${kernel} (simulator: ${simulator})`,
    )
    .join('; ');
}

/** Null for rows that are no task, and for tasks that were not compared. */
export function pairOf(pairs: LaidOver['pairs'], { kind, lanes }: Row): LanePair | null {
  const [only] = lanes;
  return kind === 'task' && only ? (pairs.get(only.task.id) ?? null) : null;
}

function differencesOf({ compared, simulated, broken, real }: VerifiedRun, overlay: Overlay): Difference[] {
  const out: Difference[] = [];
  if (broken !== null) out.push({ what: 'the end', at: real.end, simulator: 'goes on to the end', kernel: broken });
  for (const { name, differences } of overlay.tasks) {
    for (const { from, to, simulator, kernel } of differences) {
      out.push({ what: `${name}, ${timeText(from)} to ${timeText(to)}`, at: from, simulator, kernel });
    }
  }
  for (const { comm, simulator, kernel } of overlay.strangers) out.push({ what: comm, at: 0, simulator, kernel });
  const starts = simulated.events.flatMap(({ type, at }) => (type === 'step' ? [at] : []));
  for (const { rows, from } of compared) {
    for (const row of rows.filter(differs)) {
      out.push({
        what: KINDS[row.kind],
        at: starts[from] ?? 0,
        simulator: row.simulator ?? NOT_THERE,
        kernel: row.kernel ?? NOT_THERE,
      });
    }
  }
  return out;
}

const KINDS = {
  result: 'result of a step',
  log: 'log',
  sysfs: '/sys/kernel/livepatch',
  task: 'a task after a wait',
  'over-time': 'a task over time',
} as const;

function comparedText({ compared, tasks }: VerifiedRun): string {
  const rows = compared.flatMap((block) => block.rows);
  const count = (kind: 'result' | 'log', what: string): string => {
    const number = rows.filter((row) => row.kind === kind).length;
    return `${number} ${what}${number === 1 ? '' : 's'}`;
  };
  const looks = compared.filter(({ looked }) => looked !== null).length;
  return `Compared were ${count('result', 'result')} of steps, ${count('log', 'log line')}, the states of ${tasks.length} tasks over time, and sysfs after ${looks} ${looks === 1 ? 'wait' : 'waits'}. Times within 1.2 s count as equal: each side looks at tasks once a second.`;
}

function headlineOf({ release, broken }: VerifiedRun, differences: number): string {
  if (broken !== null) return `Linux ${release} did not come to the end. ${broken}`;
  if (differences === 0) return `Linux ${release} did what the simulator foretold, in all that was compared.`;
  return `Linux ${release} and the simulator differ in ${differences === 1 ? 'one thing' : `${differences} things`}.`;
}
