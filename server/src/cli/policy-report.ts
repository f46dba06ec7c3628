import type { FrequentReplacement } from '../../../shared/src/comparison/frequent-replacement.ts';
import type { PolicyComparison, PolicyRow } from '../../../shared/src/comparison/policies.ts';
import { costText, frequentText, unfixedText } from '../../../shared/src/comparison/policy-words.ts';
import { errnoName } from '../../../shared/src/scenario/errno-names.ts';
import { timeText } from '../../../shared/src/simulator/time-text.ts';
import { bullet, type Style } from './style.ts';

/** Replace policies side by side: what is left, what ran unfixed and when, what it cost. `width` is in columns. */
export function policyReport(
  comparison: PolicyComparison,
  frequent: readonly FrequentReplacement[],
  style: Style,
  width: number,
): string {
  const { module, installed, workload, kernel, rows } = comparison;
  const again = frequent.map((way) => bullet(frequentText(way), width)).join('\n');
  const parts = [
    style.bold(`${module} on a machine with ${installed.join(', ')} (${workload.title}, Linux ${kernel})`),
    ...rows.map((row) => policy(row, style, width)),
    `${style.bold('Again and again: what each further version with the same functions costs')}\n${again}`,
  ];
  return `${parts.join('\n\n')}\n`;
}

function policy(row: PolicyRow, style: Style, width: number): string {
  const proposed = row.released ? '' : style.faint(', never merged');
  const unfixed = row.unfixed.length === 0 ? ['No fixed function ever runs unfixed.'] : row.unfixed.map(unfixedText);
  const points = [
    ...unfixed,
    ...(row.costs.length > 0 ? [costText(row.costs)] : []),
    ...row.silent.map((callback) => `Nobody runs ${callback}.`),
    ...row.findings,
  ];
  return [
    `${style.bold(row.title)}${proposed}`,
    `  ${outcome(row, style)} Loaded then: ${row.left.join(', ') || 'nothing'}.`,
    ...points.map((point) => bullet(point, width)),
  ].join('\n');
}

function outcome({ outcome: how, errno, refusal, time }: PolicyRow, style: Style): string {
  if (how === 'refused') {
    return style.red(`The kernel refuses it with ${errnoName(errno)}${refusal === null ? '' : `, "${refusal}"`}.`);
  }
  if (how === 'unfinished') return style.red('A transition does not end.');
  return `Done after ${timeText(time ?? 0)}.`;
}
