import { type FleetSummary, OUTCOMES } from '../../../../shared/src/fleet/fleet-summary.ts';
import {
  blockedOn,
  fleetHeadline,
  hostsText,
  OUTCOME_TEXT,
  percent,
  releaseText,
} from '../../../../shared/src/fleet/fleet-words.ts';
import { type Style, wrap } from '../style.ts';

/** Kinds of blockers, hosts and errors that a terminal is told. */
const MOST_SHOWN = 10;
const BAR_WIDTH = 30;

/** The summary for a terminal. */
export function fleetText(summary: FleetSummary, module: string, style: Style, width: number): string {
  const { hosts, outcomes, blockers, worst, unreadable } = summary;
  const usable = hosts - outcomes.unreadable;
  const parts = [
    style.bold(`Loading ${module} on ${hostsText(hosts)} (simulated)`),
    wrap(fleetHeadline(summary), width).join('\n'),
  ];
  const there = OUTCOMES.filter((outcome) => outcomes[outcome] > 0);
  const most = Math.max(1, ...there.map((outcome) => OUTCOME_TEXT[outcome].length));
  const rows = there.map((outcome) => {
    const count = outcomes[outcome];
    const bar = '█'.repeat(Math.max(1, Math.round((BAR_WIDTH * count) / hosts)));
    const colour = ['never', 'sometimes', 'refused', 'unreadable'].includes(outcome) ? style.red : style.green;
    return `  ${OUTCOME_TEXT[outcome].padEnd(most)}  ${count.toLocaleString('en').padStart(7)}  ${percent(count, hosts).padStart(7)}  ${colour(bar)}`;
  });
  if (rows.length > 0) parts.push(rows.join('\n'));
  if (blockers.length > 0) {
    const lines = blockers.slice(0, MOST_SHOWN).map((blocker) => {
      const comms = blocker.comms.map(({ comm }) => comm).join(', ');
      return point(
        `${hostsText(blocker.hosts)} (${percent(blocker.hosts, usable)}): ${blockedOn(blocker)}; ${releaseText(blocker)}. ${comms}; for example on ${blocker.examples.join(', ')}.${adviceText(blocker)}`,
        width,
      );
    });
    parts.push(`${style.bold('What holds it up')}\n${[...lines, ...more(blockers.length)].join('\n')}`);
  }
  if (worst.length > 0) {
    const alike = new Map<string, string[]>();
    for (const { host, headline } of worst) alike.set(headline, [...(alike.get(headline) ?? []), host]);
    const lines = [...alike].slice(0, MOST_SHOWN).map(([headline, named]) => {
      const others = named.length > 1 ? ` and ${named.length - 1} like it` : '';
      return point(`${named[0]}${others}: ${headline}`, width);
    });
    parts.push(`${style.bold(`Worst off (the first ${worst.length})`)}\n${[...lines, ...more(alike.size)].join('\n')}`);
  }
  if (unreadable.length > 0) {
    const lines = unreadable.slice(0, MOST_SHOWN).map(({ host, error }) => point(`${host}: ${error}`, width));
    parts.push(`${style.bold('Not usable')}\n${[...lines, ...more(outcomes.unreadable)].join('\n')}`);
  }
  return `${parts.join('\n\n')}\n`;
}

const more = (count: number): string[] => (count > MOST_SHOWN ? [`  - and ${count - MOST_SHOWN} more`] : []);

function point(text: string, width: number): string {
  return wrap(text, width - 4)
    .map((line, index) => (index === 0 ? `  - ${line}` : `    ${line}`))
    .join('\n');
}

/** What is advised on the first host, where nothing releases the tasks. */
function adviceText({ released, advice, examples }: FleetSummary['blockers'][number]): string {
  if (released !== 'never' || advice.length === 0) return '';
  return ` On ${examples[0] ?? 'the first'}: ${advice.slice(0, 2).join(' ')}`;
}
