import type { PatchImage } from '../model/index.ts';
import type { Action } from '../simulator/step.ts';
import { playOneByOne } from './one-by-one.ts';
import { operationCosts } from './operation-costs.ts';
import { type PolicyOptions, removal } from './policies.ts';
import { unfixedTimes } from './unfixed.ts';

/** What bringing one version after the other comes to, for each way of doing it. Counts are for each further version. */
export interface FrequentReplacement {
  readonly way: 'replace' | 'stack' | 'disable-first';
  readonly title: string;
  /** False when a transition did not end, or a version was refused: the counts are then of those that were done. */
  readonly complete: boolean;
  readonly transitions: number;
  /** With ftrace. */
  readonly registered: number;
  readonly unregistered: number;
  /** Of RCU-tasks, of each kind. */
  readonly gracePeriods: number;
  /** Rounds of work on every CPU. */
  readonly cpuRounds: number;
  /** For so long some function ran unfixed, in microseconds. */
  readonly unfixed: number;
  /** Versions that are loaded at the end, one upon the other. */
  readonly depth: number;
}

/** So many versions are played: what the first one costs is left out, the others cost the same. */
export const VERSIONS = 4;

const WAYS: readonly Pick<FrequentReplacement, 'way' | 'title'>[] = [
  { way: 'replace', title: 'Each version replaces the one before' },
  { way: 'stack', title: 'Each version is loaded upon the others' },
  { way: 'disable-first', title: 'The one before is disabled first' },
];

/** Plays some versions of the patch that differ in nothing but their names, in every way. */
export function frequentReplacement(
  image: PatchImage,
  options: Omit<PolicyOptions, 'installed'>,
): FrequentReplacement[] {
  return WAYS.map(({ way, title }) => {
    const versions = Array.from({ length: VERSIONS }, (_, index) => ({
      ...image,
      module: `${image.module}_v${index + 1}`,
      replace: way === 'replace',
    }));
    const actions = versions.flatMap((version, index): Action[] => {
      const before = versions[index - 1];
      const first = way === 'disable-first' && before !== undefined ? removal(before) : [];
      return [...first, { do: 'load', image: version }];
    });
    const { trace, times, isOver } = playOneByOne(options, actions);
    const from = times[1] ?? trace.end;
    const costs = operationCosts(trace).filter((cost) => cost.from >= from);
    const refused = trace.events.some((event) => event.type === 'step' && event.errno !== 0);
    const done = Math.max(1, costs.filter(({ target, to }) => target === 'patched' && to !== null).length);
    const each = (of: (cost: (typeof costs)[number]) => number): number =>
      costs.reduce((sum, cost) => sum + of(cost), 0) / done;
    const gaps = unfixedTimes(trace).filter(({ to }) => to === null || to > from);
    const depths = trace.events.flatMap((event) => (event.type === 'func-stack' ? [event.stack.length] : []));
    return {
      way,
      title,
      complete: isOver && !refused,
      transitions: each(() => 1),
      registered: each(({ registered }) => registered),
      unregistered: each(({ unregistered }) => unregistered),
      gracePeriods: each(({ gracePeriods }) => gracePeriods),
      cpuRounds: each(({ cpuRounds }) => cpuRounds),
      unfixed: Math.round(timeCovered(gaps, trace.end) / done),
      depth: depths.at(-1) ?? 0,
    };
  });
}

/** Microseconds in which at least one of these times ran. */
function timeCovered(gaps: readonly { readonly from: number; readonly to: number | null }[], end: number): number {
  let total = 0;
  let covered = 0;
  for (const { from, to } of [...gaps].sort((a, b) => a.from - b.from)) {
    const until = to ?? end;
    total += Math.max(0, until - Math.max(from, covered));
    covered = Math.max(covered, until);
  }
  return total;
}
