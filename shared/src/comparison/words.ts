import { frameText } from '../simulator/reason-text.ts';
import { timeText } from '../simulator/time-text.ts';
import type { BlockReason } from '../simulator/trace.ts';
import type { Comparison, ComparisonRow, Guarantee, ModelChoice, NeverReached } from './comparison-types.ts';
import { isLeftBehind, type LastSwitch, type Measures } from './measure.ts';
import type { ModelRun } from './model.ts';

/** The comparison in words. */

const MOST_REASONS = 3;
const MOST_NAMES = 3;

/** What is chosen beside the defaults, as part of a row's title: ` 6.12`, ` (kthreads: annotated)`. */
export function choiceText(run: ModelRun, choice: ModelChoice): string {
  const more = [
    ...Object.entries(choice.variants ?? {}).map(([name, value]) => `${name}: ${value}`),
    ...Object.entries(choice.parameters ?? {}).map(([name, value]) => {
      const unit = run.model.parameters.find((each) => each.name === name)?.unit;
      return `${name}: ${unit === 'us' ? timeText(value) : value}`;
    }),
  ];
  const kernel = run.model.id.startsWith('hybrid') ? `, Linux ${run.kernel}` : '';
  return `${kernel}${more.length === 0 ? '' : ` (${more.join(', ')})`}`;
}

/** How it ended and what decided it. */
export function reasonOf(measures: Measures, run: ModelRun): string {
  const { outcome, time, left, never, errno, gaveUp, end } = measures;
  const who = groupsText(never);
  if (outcome === 'refused') {
    if (errno !== 0) return `The kernel refuses the patch (errno ${-errno}).`;
    return `Gives up after ${timeText(time ?? 0)} and changes nothing: ${who}.`;
  }
  if (gaveUp)
    return `The simulation took too many events and stopped at ${timeText(end)}: what comes then is not known.`;
  if (outcome === 'unfinished') {
    const inTheWay = groupsText(never.filter(({ reason }) => !isLeftBehind(reason)));
    return `Not over within ${timeText(run.timeLimit)}${inTheWay === '' ? '' : `: ${inTheWay}`}.`;
  }
  const all = time === 0 ? 'Done at once' : `Done after ${timeText(time ?? 0)}`;
  if (left === 0) return `${all}.${lastText(measures)}`;
  return `${all}, but ${count(left, 'task')} ${left === 1 ? 'is' : 'are'} left in old code: ${who}.`;
}

/** Who decided how long it took; nothing when nobody alone did. */
function lastText({ last, time }: Measures): string {
  if (last === null || time === 0) return '';
  const { comm, task, at, how, signalled, reason } = last;
  return ` The last was ${comm}:${task} after ${timeText(at)}: ${wayText(how, signalled, reason)}.`;
}

function wayText(how: LastSwitch['how'], signalled: boolean, reason: BlockReason | null): string {
  switch (how) {
    case 'kernel-exit':
      return signalled ? 'a signal made it leave the kernel' : 'it left the kernel';
    case 'loop-point':
      return 'it came to a marked place in its loop';
    case 'in-user-space':
      return 'a look found it in user space';
    case 'idle':
      return 'it went round the idle loop';
    case 'stack-check':
      if (reason?.kind === 'sleeping-on') return `a look found it outside ${frameText(reason.function)}`;
      return 'a look at its stack found it outside the patched functions';
    default:
      return `it went over by ${how}`;
  }
}

/** `kswapd0, nginx ×4 and 3 others: each sleeps in …; cat …`: groups with one reason together. */
function groupsText(never: readonly NeverReached[]): string {
  const byReason = new Map<string, NeverReached[]>();
  for (const group of never) byReason.set(group.text, [...(byReason.get(group.text) ?? []), group]);
  const parts = [...byReason].slice(0, MOST_REASONS).map(([text, groups]) => {
    const names = groups.slice(0, MOST_NAMES).map(nameText).join(', ');
    const rest = groups.slice(MOST_NAMES).reduce((sum, { tasks }) => sum + tasks, 0);
    const all = rest > 0 ? `${names} and ${count(rest, 'other')}` : names;
    return groups.length === 1 && groups[0]?.tasks === 1 ? `${all} ${text}` : `${all}: each ${text}`;
  });
  const rest = [...byReason.values()].slice(MOST_REASONS).flat();
  if (rest.length > 0)
    parts.push(
      `${count(
        rest.reduce((sum, { tasks }) => sum + tasks, 0),
        'task',
      )} for other reasons`,
    );
  return parts.join('; ');
}

const nameText = ({ comm, tasks }: NeverReached): string => `${comm}${tasks > 1 ? ` ×${tasks}` : ''}`;

export function groupText(group: NeverReached): string {
  return group.tasks > 1 ? `${nameText(group)}: each ${group.text}` : `${group.comm} ${group.text}`;
}

/** "for ever" where it still goes on when the run ends. */
export function mixedText({ time, open }: ComparisonRow['mixed']): string {
  if (open) return 'still';
  return time === 0 ? 'never' : timeText(time);
}

const PROMISES: { readonly [id in Guarantee['id']]: string } = {
  function: 'within a function',
  'system-call': 'within a system call',
  kernel: 'in the kernel',
};

const HOLDS: { readonly [holds in Guarantee['holds']]: string } = {
  kept: 'kept',
  'not-proven': 'not proven',
  broken: 'broken',
  'nothing-changed': 'nothing changed',
};

/** "No mixing within a system call: not proven; 200 tasks; nginx:812 went over in the middle of a system call". */
export function guaranteeText({ id, holds, tasks, witness }: Guarantee): string {
  const parts = [`No mixing ${PROMISES[id]}: ${HOLDS[holds]}`];
  if (tasks > 0) parts.push(count(tasks, 'task'));
  if (witness !== null) parts.push(witness);
  return parts.join('; ');
}

export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

/** One row in a sentence or two, for those who can't see the picture. */
export function rowText(row: ComparisonRow): string {
  const { standStill, mixed, signalled, interrupted } = row;
  const parts: string[] = [];
  if (standStill.total > 0) {
    parts.push(
      `${count(standStill.tasks, 'task')} stand${standStill.tasks === 1 ? 's' : ''} still, the longest for ${timeText(standStill.longest)}`,
    );
  }
  if (mixed.time > 0 || mixed.open) {
    parts.push(`old and new code run beside each other for ${timeText(mixed.time)}${mixed.open ? ' and longer' : ''}`);
  }
  if (signalled > 0) {
    const eintr =
      interrupted.eintr === 0
        ? ''
        : `, ${count(interrupted.eintr, 'system call')} return${interrupted.eintr === 1 ? 's' : ''} EINTR`;
    parts.push(`${count(signalled, 'task')} signalled${eintr}`);
  }
  return `${row.title}: ${row.reason}${parts.length === 0 ? '' : ` In it, ${parts.join('; ')}.`}`;
}

/** The whole comparison in one line. */
export function comparisonHeadline({ module, workload, seed, rows }: Comparison): string {
  const done = rows.filter((row) => row.outcome === 'done').length;
  return `${module} on ${workload.title} (${count(workload.tasks, 'task')}, seed ${seed}): ${done} of ${count(rows.length, 'model')} finish`;
}

/** `✓ kept`, `? not proven`, `✗ broken`, `–` where nothing changed. */
export const PROMISE_MARKS: { readonly [holds in Guarantee['holds']]: string } = {
  kept: '✓',
  'not-proven': '?',
  broken: '✗',
  'nothing-changed': '–',
};

/** When it was over, in a few characters. */
export function outcomeText({ outcome, time }: ComparisonRow): string {
  if (outcome === 'unfinished') return 'not over';
  const after = time === 0 ? 'at once' : timeText(time ?? 0);
  return outcome === 'refused' ? `refused, ${after}` : after;
}

/** Tasks that were not reached, or are left in old code. */
export function leftCount({ never }: ComparisonRow): number {
  return never.reduce((sum, { tasks }) => sum + tasks, 0);
}
