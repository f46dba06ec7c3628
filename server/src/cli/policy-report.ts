import type { PolicyComparison, PolicyRow } from '../../../shared/src/comparison/policies.ts';
import type { UnfixedTime } from '../../../shared/src/comparison/unfixed.ts';
import { count } from '../../../shared/src/comparison/words.ts';
import { errnoName } from '../../../shared/src/scenario/errno-names.ts';
import { timeText } from '../../../shared/src/simulator/time-text.ts';
import { bullet, type Style } from './style.ts';

/** Replace policies side by side: what is left, what ran unfixed and when, what it cost. `width` is in columns. */
export function policyReport(comparison: PolicyComparison, style: Style, width: number): string {
  const { module, installed, workload, kernel, rows } = comparison;
  const parts = [
    style.bold(`${module} on a machine with ${installed.join(', ')} (${workload.title}, Linux ${kernel})`),
    ...rows.map((row) => policy(row, style, width)),
  ];
  return `${parts.join('\n\n')}\n`;
}

function policy(row: PolicyRow, style: Style, width: number): string {
  const proposed = row.released ? '' : style.faint(', never merged');
  const lines = [
    `${style.bold(row.title)}${proposed}`,
    `  ${outcome(row, style)} Loaded then: ${row.left.join(', ') || 'nothing'}.`,
  ];
  lines.push(
    ...(row.unfixed.length === 0
      ? ['  - No fixed function ever runs unfixed.']
      : row.unfixed.map((time) => bullet(unfixedText(time), width))),
  );
  if (row.costs.length > 0) lines.push(bullet(costText(row), width));
  lines.push(...row.findings.map((finding) => bullet(finding, width)));
  return lines.join('\n');
}

function costText({ costs }: PolicyRow): string {
  const sum = (of: 'registered' | 'unregistered' | 'gracePeriods'): number =>
    costs.reduce((total, cost) => total + cost[of], 0);
  const waits = sum('gracePeriods');
  const grace =
    waits === 0
      ? 'no RCU-tasks grace period'
      : `${count(waits, 'grace period')} of RCU-tasks, and as many of its rude kind`;
  return `${count(costs.length, 'transition')}, ${count(sum('registered'), 'function')} registered with ftrace, ${sum('unregistered')} unregistered, ${grace}`;
}

function outcome({ outcome: how, errno, time }: PolicyRow, style: Style): string {
  if (how === 'refused') return style.red(`The kernel refuses it with ${errnoName(errno)}.`);
  if (how === 'unfinished') return style.red('A transition does not end.');
  return `Done after ${timeText(time ?? 0)}.`;
}

function unfixedText({ object, function: name, from, to, tasks }: UnfixedTime): string {
  const where = object === 'vmlinux' ? `${name}()` : `${name}() of ${object}`;
  if (to === null) return `${where} is not fixed any more: nothing that is loaded replaces it.`;
  return `${where} runs unfixed for ${to === from ? 'a moment' : timeText(to - from)}, in up to ${count(tasks, 'task')}.`;
}
