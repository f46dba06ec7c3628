import type { PatchImage } from '../model/index.ts';
import type { ForecastFacts } from './forecast-types.ts';
import { frameText } from './reason-text.ts';
import { timeText } from './time-text.ts';

/** The forecast in words. */

/** One sentence that says how the load ends and what decides it. */
export function headline(facts: ForecastFacts, image: PatchImage): string {
  if (facts.errno !== 0) return `The kernel refuses ${image.module}: ${errorText(facts)}.`;
  const worst = facts.blockers[0];
  if (facts.time === null) {
    const limit = timeText(facts.timeLimit);
    const who = worst === undefined ? '' : `: ${whoBlocks(facts, worst)}`;
    return `Does not finish within ${limit}${who}${others(facts)}.`;
  }
  // The first pass takes no time here: it is part of loading the module.
  const time =
    facts.time.max === 0
      ? 'Finishes in the first pass'
      : facts.finished === facts.seeds
        ? `Finishes in ${timeText(facts.time.median)}`
        : `Finishes in ${timeText(facts.time.median)} in ${facts.finished} of ${facts.seeds} runs, and not within ${timeText(facts.timeLimit)} in the others`;
  if (worst === undefined) return `${time}; nobody sleeps in the patched functions.`;
  if (worst.seeds * 2 < facts.seeds && facts.finished === facts.seeds) {
    return `${time}; in ${worst.seeds} of ${facts.seeds} runs ${whoBlocks(facts, worst)}.`;
  }
  return `${time}; ${whoBlocks(facts, worst)}.`;
}

function whoBlocks(facts: ForecastFacts, blocker: ForecastFacts['blockers'][number]): string {
  const { reason } = blocker;
  // Others may wait for the same: they are counted together.
  const alike = facts.blockers.filter(
    (other) =>
      other.released === blocker.released &&
      other.reason.kind === reason.kind &&
      (reason.kind !== 'sleeping-on' ||
        (other.reason.kind === 'sleeping-on' && other.reason.function === reason.function)),
  );
  const tasks = alike.reduce((sum, other) => sum + other.tasks, 0);
  const who = `${tasks} of ${facts.workload.tasks} tasks`;
  const [does, waits] = tasks === 1 ? ['sleeps', 'waits'] : ['sleep', 'wait'];
  if (reason.kind === 'running') return `${who} ${tasks === 1 ? 'keeps' : 'keep'} running on a CPU`;
  if (reason.kind === 'unreliable') return `${who} ${tasks === 1 ? 'has' : 'have'} an unreliable stack`;
  if (reason.kind === 'out-of-reach') return `${who}: each ${reason.text}`;
  const where = `${does} in ${frameText(reason.function)}`;
  if (blocker.released === 'signal') return `${who} ${where} and ${waits} for the signal at 15 s`;
  if (blocker.released === 'never') return `${who} ${where} and no signal gets ${tasks === 1 ? 'it' : 'them'} out`;
  return `${who} ${where} until ${tasks === 1 ? 'it wakes by itself' : 'they wake by themselves'}`;
}

/** Who else is never released, but in another function than the first. */
function others({ blockers }: ForecastFacts): string {
  const [worst, ...more] = blockers;
  if (worst?.released !== 'never' || worst.reason.kind !== 'sleeping-on') return '';
  const { function: where } = worst.reason;
  const tasks = more
    .filter(
      ({ released, reason }) => released === 'never' && !(reason.kind === 'sleeping-on' && reason.function === where),
    )
    .reduce((sum, other) => sum + other.tasks, 0);
  if (tasks === 0) return '';
  return `; ${tasks} more ${tasks === 1 ? 'is' : 'are'} held up for good elsewhere`;
}

function errorText(facts: ForecastFacts): string {
  const names: { readonly [errno: number]: string } = {
    [-2]: 'ENOENT',
    [-16]: 'EBUSY',
    [-17]: 'EEXIST',
    [-19]: 'ENODEV',
    [-22]: 'EINVAL',
  };
  const name = names[facts.errno] ?? `error ${facts.errno}`;
  const line = facts.typical.events.find(
    (event) => event.type === 'log' && (event.level === 'err' || event.level === 'warning'),
  );
  return line !== undefined && line.type === 'log' ? `${name}, "${line.text}"` : `${name}, without a log line`;
}
