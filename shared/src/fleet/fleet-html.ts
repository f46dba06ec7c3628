import { escapeXml } from '../picture/svg-text.ts';
import { timeText } from '../simulator/time-text.ts';
import { type FleetBlocker, type FleetSummary, OUTCOMES, type Outcome } from './fleet-summary.ts';
import { blockedOn, fleetHeadline, hostsText, OUTCOME_TEXT, percent, releaseText } from './fleet-words.ts';

export interface ReportFacts {
  /** The patch's module. */
  readonly module: string;
  readonly seeds: number;
  /** ISO 8601; the report says when it was made. */
  readonly made: string;
  readonly assumptions: readonly string[];
}

/** One page that needs nothing else: no script, no other file. Texts from recordings are escaped. */
export function fleetHtml(summary: FleetSummary, facts: ReportFacts): string {
  const title = `${facts.module} on ${hostsText(summary.hosts)}`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeXml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeXml(title)}</h1>
<p class="lead">${escapeXml(fleetHeadline(summary))}</p>
<p class="faint">Simulated, ${facts.seeds} ${facts.seeds === 1 ? 'run' : 'runs'} a host; made ${escapeXml(facts.made)}. ${escapeXml(kernelsText(summary))}</p>
${outcomesSection(summary)}
${curveSection(summary)}
${blockersSection(summary)}
${worstSection(summary)}
${unreadableSection(summary)}
${assumptionsSection(facts)}
</main>
</body>
</html>
`;
}

function kernelsText({ kernels }: FleetSummary): string {
  const shown = kernels.slice(0, 5).map(({ release, hosts }) => `${release} (${hosts.toLocaleString('en')})`);
  const more = kernels.length - shown.length;
  return shown.length === 0 ? '' : `Kernels: ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`;
}

function outcomesSection({ hosts, outcomes }: FleetSummary): string {
  const there = OUTCOMES.filter((outcome) => outcomes[outcome] > 0);
  const bar = there
    .map((outcome) => `<span class="${outcome}" style="flex-grow:${outcomes[outcome]}"></span>`)
    .join('');
  const rows = there.map(
    (outcome) =>
      `<tr><td><span class="key ${outcome}"></span>${escapeXml(OUTCOME_TEXT[outcome])}</td>${numbers(outcomes[outcome], hosts)}</tr>`,
  );
  return `<section>
<h2>How it ends</h2>
<div class="bar" aria-hidden="true">${bar}</div>
<table><thead><tr><th scope="col">Outcome</th><th scope="col" class="number">Hosts</th><th scope="col" class="number">Share</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table>
</section>`;
}

const numbers = (part: number, whole: number): string =>
  `<td class="number">${part.toLocaleString('en')}</td><td class="number">${percent(part, whole)}</td>`;

const PLOT = { width: 720, height: 200, left: 44, bottom: 26, top: 10 };
/** Seconds at which the time axis has a mark. */
const MARKS = [0, 5, 15, 30, 45, 60];

/** Hosts done over time. The time axis runs evenly: the jumps are the passes, a second apart, and the signals. */
function curveSection(summary: FleetSummary): string {
  const usable = summary.hosts - summary.outcomes.unreadable;
  if (usable === 0) return '';
  const end = summary.curve[summary.curve.length - 1]?.at ?? 1;
  const x = (at: number): string => (PLOT.left + ((PLOT.width - PLOT.left - 16) * at) / end).toFixed(1);
  const y = (hosts: number): string =>
    (PLOT.top + (PLOT.height - PLOT.bottom - PLOT.top) * (1 - hosts / usable)).toFixed(1);
  let path = `M${x(0)} ${y(0)}`;
  for (const { at, hosts } of summary.curve) path += `H${x(at)}V${y(hosts)}`;
  const grid = [0, 0.5, 1].map(
    (share) =>
      `<line x1="${PLOT.left}" x2="${PLOT.width - 16}" y1="${y(share * usable)}" y2="${y(share * usable)}" class="grid"/>` +
      `<text x="${PLOT.left - 6}" y="${y(share * usable)}" class="y">${100 * share} %</text>`,
  );
  const marks = MARKS.map(
    (second) => `<text x="${x(second * 1e6)}" y="${PLOT.height - 6}" class="x">${second} s</text>`,
  );
  const words = summary.curve
    .filter(({ at }) => [1e6, 5e6, 15e6, 20e6, 60e6].includes(at))
    .map(({ at, hosts }) => `${percent(hosts, usable)} after ${timeText(at)}`)
    .join(', ');
  return `<section>
<h2>Hosts done over time</h2>
<svg viewBox="0 0 ${PLOT.width} ${PLOT.height}" role="img" aria-label="${escapeXml(`Hosts done, the slowest run of each: ${words}.`)}">
${[...grid, ...marks].join('\n')}
<path d="${path}" class="curve"/>
</svg>
<p class="faint">The slowest run of each host counts: ${escapeXml(words)}.</p>
</section>`;
}

function blockersSection({ blockers, moreBlockers, hosts, outcomes }: FleetSummary): string {
  if (blockers.length === 0) return '<section>\n<h2>What holds it up</h2>\n<p>Nothing.</p>\n</section>';
  const usable = hosts - outcomes.unreadable;
  const shown = blockers.slice(0, 40);
  const rest = blockers.length - shown.length + moreBlockers;
  return `<section>
<h2>What holds it up</h2>
<table><thead><tr><th scope="col">Tasks</th><th scope="col" class="number">Hosts</th><th scope="col" class="number">Share</th><th scope="col" class="number">Tasks in all</th></tr></thead>
<tbody>${shown.map((blocker) => blockerRow(blocker, usable)).join('\n')}</tbody></table>
${rest > 0 ? `<p class="faint">And ${rest} more kinds.</p>` : ''}
</section>`;
}

function adviceList({ advice }: FleetBlocker): string {
  return advice.length === 0 ? '' : `<ul>${advice.map((thought) => `<li>${escapeXml(thought)}</li>`).join('')}</ul>`;
}

function blockerRow(blocker: FleetBlocker, usable: number): string {
  const comms = blocker.comms.map(({ comm, hosts }) => `${comm} (${hosts.toLocaleString('en')})`).join(', ');
  return `<tr class="${blocker.released}"><td><strong>${escapeXml(blockedOn(blocker))}</strong>: ${escapeXml(releaseText(blocker))}.
<br><span class="faint">${escapeXml(comms)}; for example on ${escapeXml(blocker.examples.join(', '))}</span>
<details><summary>Stack and advice, on ${escapeXml(blocker.examples[0] ?? 'the first')}</summary><pre>${escapeXml(blocker.stack.join('\n'))}</pre>${adviceList(blocker)}</details></td>${numbers(blocker.hosts, usable)}<td class="number">${blocker.tasks.toLocaleString('en')}</td></tr>`;
}

function worstSection({ worst }: FleetSummary): string {
  if (worst.length === 0) return '';
  const row = ({ host, outcome, headline }: { host: string; outcome: Outcome; headline: string }): string =>
    `<tr><td><span class="key ${outcome}"></span>${escapeXml(host)}</td><td>${escapeXml(headline)}</td></tr>`;
  return `<section>
<h2>The hosts that are worst off</h2>
<table><thead><tr><th scope="col">Host</th><th scope="col">What happens</th></tr></thead><tbody>${worst.map(row).join('\n')}</tbody></table>
</section>`;
}

function unreadableSection({ unreadable, outcomes }: FleetSummary): string {
  if (unreadable.length === 0) return '';
  const more = outcomes.unreadable - unreadable.length;
  const rows = unreadable.map(({ host, error }) => `<tr><td>${escapeXml(host)}</td><td>${escapeXml(error)}</td></tr>`);
  return `<section>
<h2>Recordings that can’t be used</h2>
<table><thead><tr><th scope="col">Host</th><th scope="col">Why</th></tr></thead><tbody>${rows.join('\n')}</tbody></table>
${more > 0 ? `<p class="faint">And ${more.toLocaleString('en')} more.</p>` : ''}
</section>`;
}

function assumptionsSection({ assumptions }: ReportFacts): string {
  if (assumptions.length === 0) return '';
  return `<section>
<h2>What was assumed</h2>
<ul>${assumptions.map((text) => `<li>${escapeXml(text)}</li>`).join('\n')}</ul>
</section>`;
}

const STYLE = `
:root { --text: #1f1f1f; --faint: #5f5f5f; --line: #d4d4d4; --ground: #ffffff; --good: #168a7f; --fair: #4a90c2; --slow: #c98a12; --bad: #c0392b; --none: #8a8a8a; }
@media (prefers-color-scheme: dark) { :root { --text: #d8d8d8; --faint: #a0a0a0; --line: #444; --ground: #1e1e1e; --good: #2aa198; --fair: #5aa7dd; --slow: #d9a43b; --bad: #e0645a; --none: #777; } }
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.6rem; margin: 0 0 .3rem; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.lead { font-size: 1.1rem; margin: .3rem 0; } .faint { color: var(--faint); font-size: .9rem; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; font-weight: 600; } th, td { border-bottom: 1px solid var(--line); padding: .35rem .6rem .35rem 0; vertical-align: top; overflow-wrap: anywhere; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.bar { display: flex; height: 1.6rem; gap: 2px; margin-bottom: .6rem; } .bar span { min-width: 3px; }
.key { display: inline-block; width: .8em; height: .8em; margin-right: .5em; }
.within-1s { background: var(--good); } .within-5s { background: color-mix(in srgb, var(--good) 60%, var(--fair)); } .within-60s { background: var(--fair); } .slower { background: var(--slow); }
.sometimes { background: repeating-linear-gradient(45deg, var(--bad) 0 4px, var(--slow) 4px 8px); } .bar .never, .key.never { background: var(--bad); } .refused { background: repeating-linear-gradient(-45deg, var(--bad) 0 3px, var(--ground) 3px 6px); } .unreadable { background: var(--none); }
svg { width: 100%; height: auto; } svg text { fill: var(--faint); font-size: 12px; } .grid { stroke: var(--line); } .curve { fill: none; stroke: var(--good); stroke-width: 2; }
.x { text-anchor: middle; } .y { text-anchor: end; dominant-baseline: middle; }
pre { margin: .3rem 0; overflow-x: auto; } summary { cursor: pointer; color: var(--faint); font-size: .9rem; }
`;
