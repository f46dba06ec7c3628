import type { Comparison, ComparisonRow } from '../../../shared/src/comparison/comparison-types.ts';
import {
  comparisonHeadline,
  count,
  groupText,
  guaranteeText,
  leftCount,
  mixedText,
  outcomeText,
  PROMISE_MARKS,
} from '../../../shared/src/comparison/words.ts';
import { frameText } from '../../../shared/src/simulator/reason-text.ts';
import { timeText } from '../../../shared/src/simulator/time-text.ts';
import { bullet, type Style, wrap } from './style.ts';

/** Groups of tasks that are named for one model, before "and so many more". */
const MOST_GROUPS = 4;

/** The comparison as a table, then each model with its reasons, then what was assumed. `width` is in columns. */
export function comparisonReport(comparison: Comparison, style: Style, width: number): string {
  const parts = [
    style.bold(comparisonHeadline(comparison)),
    `Replaces ${comparison.functions.map(frameText).join(', ')}.`,
    table(comparison, style),
    ...comparison.rows.map((row) => details(row, style, width)),
    style.faint(`Assumed\n${comparison.assumptions.map((text) => bullet(text, width)).join('\n')}`),
  ];
  return `${parts.join('\n\n')}\n`;
}

const HEADINGS = ['', 'over after', 'stands still', 'mixed', 'signalled', 'EINTR', 'left', 'function call kernel'];

function table({ rows }: Comparison, style: Style): string {
  const cells = rows.map((row) => [
    row.title,
    outcomeText(row),
    row.standStill.longest === 0 ? '0' : timeText(row.standStill.longest),
    mixedText(row.mixed),
    String(row.signalled),
    String(row.interrupted.eintr),
    String(leftCount(row)),
    row.guarantees.map(({ holds }) => PROMISE_MARKS[holds]).join('      '),
  ]);
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, column) => (column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  const marks = `${PROMISE_MARKS.kept} kept, ${PROMISE_MARKS['not-proven']} not proven, ${PROMISE_MARKS.broken} broken: no mixing of old and new code within a function, a system call, the kernel`;
  return [
    style.faint(line(HEADINGS)),
    ...cells.map((row, index) => (rows[index]?.outcome === 'done' ? line(row) : style.red(line(row)))),
    style.faint(marks),
  ].join('\n');
}

function details(row: ComparisonRow, style: Style, width: number): string {
  const evidence =
    row.evidence === 'kernel'
      ? 'This model is compared with real kernels of this version.'
      : 'Built from documents; not run on a kernel here.';
  const lines = [style.bold(row.title), `  ${row.summary}`, ...wrap(row.reason, width - 2).map((text) => `  ${text}`)];
  const { standStill, seeds, signalled, interrupted } = row;
  if (standStill.total > 0) {
    const stops = standStill.stops > 0 ? `, ${count(standStill.stops, 'stop')} of the machine` : '';
    lines.push(
      bullet(`${count(standStill.tasks, 'task')} stood still, ${timeText(standStill.total)} in all${stops}`, width),
    );
  }
  if (signalled > 0) {
    const { restarted, eintr } = interrupted;
    const calls = `${count(restarted, 'system call')} ${restarted === 1 ? 'starts' : 'start'} again unseen, ${eintr} ${eintr === 1 ? 'returns' : 'return'} EINTR`;
    lines.push(bullet(`${count(signalled, 'task')} signalled or woken: ${calls}`, width));
  }
  lines.push(...row.never.slice(0, MOST_GROUPS).map((group) => bullet(groupText(group), width)));
  if (row.never.length > MOST_GROUPS) lines.push(`  - and ${row.never.length - MOST_GROUPS} more kinds of tasks`);
  lines.push(...row.guarantees.map((guarantee) => bullet(guaranteeText(guarantee), width)));
  lines.push(...row.findings.map((finding) => bullet(finding, width)));
  if (seeds !== null) lines.push(bullet(seedsText(seeds), width));
  lines.push(
    ...row.cannot.map((text) => style.faint(bullet(text, width))),
    ...row.parameters.map(({ name, value, unit, about, source }) =>
      style.faint(bullet(`${name} ${unit === 'us' ? timeText(value) : value}: ${about}. ${source}`, width)),
    ),
    style.faint(bullet(evidence, width)),
  );
  return lines.join('\n');
}

function seedsText({ runs, done, time }: NonNullable<ComparisonRow['seeds']>): string {
  const took =
    time === null ? '' : `: median ${timeText(time.median)}, from ${timeText(time.min)} to ${timeText(time.max)}`;
  return `Over ${runs} seeds it finished in ${done}${took}`;
}
