import type { Comparison, ComparisonColumn, ComparisonRow } from '../comparison/comparison-types.ts';
import { comparisonHeadline, leftCount, mixedText, outcomeText, PROMISE_MARKS, rowText } from '../comparison/words.ts';
import { timeText } from '../simulator/time-text.ts';
import { axisTicks } from './axis.ts';
import { FONT, HATCH, hatchDefinition, PALETTES, type Palette, type PictureTheme } from './palette.ts';
import { escapeXml, round } from './svg-text.ts';

const LABEL_WIDTH = 324;
const TOP = 66;
const ROW_HEIGHT = 42;
const BAR_HEIGHT = 24;
/** Right of the bars: heading and width in pixels. */
const NUMBERS = [
  { heading: 'over after', width: 100 },
  { heading: 'stands still', width: 82 },
  { heading: 'mixed', width: 66 },
  { heading: 'signalled', width: 92 },
  { heading: 'left', width: 44 },
  { heading: 'no mixing', width: 70 },
] as const;
const NUMBERS_WIDTH = NUMBERS.reduce((sum, { width }) => sum + width, 0);

type State = Exclude<keyof ComparisonColumn, 'at'>;

/** From the bottom of a bar to its top. */
const STATES: readonly { readonly state: State; readonly text: string }[] = [
  { state: 'new', text: 'new code' },
  { state: 'between', text: 'new, inside an old call' },
  { state: 'old', text: 'old code' },
  { state: 'blocked', text: 'old, in the way' },
  { state: 'held', text: 'stands still' },
];

/**
 * A comparison as an SVG document of its own: one row a model, all on one time axis, the share of tasks in each state as
 * a bar, and the numbers beside it. `desc` holds the same in words.
 *
 * @param options `width` in pixels, 1180 unless told
 */
export function comparisonSvg(
  comparison: Comparison,
  options: { readonly theme: PictureTheme; readonly width?: number },
): string {
  const palette = PALETTES[options.theme];
  const width = options.width ?? 1180;
  const { rows, end } = comparison;
  const right = width - 16 - NUMBERS_WIDTH;
  const x = (at: number): number => LABEL_WIDTH + (at / end) * (right - LABEL_WIDTH);
  const bottom = TOP + rows.length * ROW_HEIGHT;
  const height = bottom + 68;
  const headline = comparisonHeadline(comparison);
  const out: string[] = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title words">`,
    `<title id="title">${escapeXml(headline)}</title>`,
    `<desc id="words">${escapeXml(rows.map(rowText).join(' '))}</desc>`,
    hatchDefinition(palette),
    `<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="4" fill="${palette.background}" stroke="${palette.border}"/>`,
    `<g font-family="${FONT}" font-size="11" fill="${palette.text}">`,
    `<text x="14" y="24" font-size="14" font-weight="bold">${escapeXml(headline)}</text>`,
  ];
  for (const tick of axisTicks(end, 8)) {
    out.push(
      `<path d="M${round(x(tick))} ${TOP - 6}V${bottom}" stroke="${palette.grid}"/>`,
      `<text x="${round(x(tick))}" y="${bottom + 15}" text-anchor="middle" fill="${palette.faint}">${timeText(tick)}</text>`,
    );
  }
  let left = right + 14;
  for (const { heading, width: column } of NUMBERS) {
    out.push(`<text x="${left}" y="${TOP - 14}" fill="${palette.faint}">${heading}</text>`);
    left += column;
  }
  rows.forEach((row, index) => {
    out.push(...rowShapes(row, { top: TOP + index * ROW_HEIGHT, end, right, x, palette }));
  });
  out.push(...legend(bottom + 38, palette), '</g></svg>');
  return out.join('');
}

interface Place {
  readonly top: number;
  /** Of the axis, microseconds. */
  readonly end: number;
  /** Where the bars end, pixels. */
  readonly right: number;
  readonly x: (at: number) => number;
  readonly palette: Palette;
}

function rowShapes(row: ComparisonRow, place: Place): string[] {
  const { top, right, palette, x } = place;
  const failed = row.outcome !== 'done';
  const out = [
    `<g><title>${escapeXml(rowText(row))}</title>`,
    `<text x="14" y="${top + 13}" font-weight="bold">${escapeXml(shorten(row.title, 46))}</text>`,
    `<text x="14" y="${top + 28}" font-size="10" fill="${palette.faint}">${escapeXml(shorten(row.summary, 60))}</text>`,
    '<g shape-rendering="crispEdges">',
    ...bars(row, place),
    '</g>',
  ];
  if (row.time !== null && row.time > 0) {
    out.push(
      `<path d="M${round(x(row.time))} ${top - 1}v${BAR_HEIGHT + 4}" stroke="${palette.text}" stroke-width="1.5"/>`,
    );
  }
  const texts = [
    outcomeText(row),
    row.standStill.longest === 0 ? '0' : timeText(row.standStill.longest),
    mixedText(row.mixed),
    row.interrupted.eintr > 0 ? `${row.signalled} (${row.interrupted.eintr} EINTR)` : String(row.signalled),
    String(leftCount(row)),
    row.guarantees.map(({ holds }) => PROMISE_MARKS[holds]).join(' '),
  ];
  let left = right + 14;
  texts.forEach((text, column) => {
    const isBad = (column === 0 && failed) || (column === 4 && text !== '0') || (column === 2 && row.mixed.open);
    out.push(
      `<text x="${left}" y="${top + 17}" fill="${isBad ? palette.blocked : palette.text}">${escapeXml(text)}</text>`,
    );
    left += NUMBERS[column]?.width ?? 0;
  });
  out.push('</g>');
  return out;
}

/** What is true at the run's end goes on to the axis's end. */
function bars({ columns }: ComparisonRow, { top, end, x, palette }: Place): string[] {
  const out: string[] = [];
  const stretches = joined(columns, x);
  stretches.forEach(({ from, heights }, index) => {
    const to = stretches[index + 1]?.from ?? x(end);
    let y = top + BAR_HEIGHT;
    for (const { state, height } of heights) {
      y = Math.max(top, y - height);
      out.push(
        `<rect x="${round(from)}" y="${round(y)}" width="${round(to - from)}" height="${round(height)}" fill="${fill(state, palette)}"/>`,
      );
    }
  });
  return out;
}

interface Stretch {
  /** Pixels. */
  readonly from: number;
  readonly heights: readonly { readonly state: State; readonly height: number }[];
}

/** Columns as they look: what is narrower than a pixel, or looks like the one before, is no column of its own. */
function joined(columns: readonly ComparisonColumn[], x: (at: number) => number): Stretch[] {
  const stretches: Stretch[] = [];
  columns.forEach((column, index) => {
    const next = columns[index + 1];
    if (index > 0 && next !== undefined && x(next.at) - x(column.at) < 1) return;
    const heights = heightsOf(column);
    const last = stretches[stretches.length - 1];
    if (last !== undefined && JSON.stringify(last.heights) === JSON.stringify(heights)) return;
    stretches.push({ from: x(column.at), heights });
  });
  return stretches;
}

function heightsOf(column: ComparisonColumn): Stretch['heights'] {
  const all = STATES.reduce((sum, { state }) => sum + column[state], 0);
  return STATES.flatMap(({ state }) =>
    // One task of hundreds is still to be seen.
    column[state] === 0 ? [] : [{ state, height: Math.max(Math.round((column[state] / all) * BAR_HEIGHT), 1) }],
  );
}

function fill(state: State, palette: Palette): string {
  switch (state) {
    case 'new':
      return palette.new;
    case 'between':
      return palette.signal;
    case 'old':
      return palette.old;
    case 'blocked':
      return HATCH;
    case 'held':
      return palette.rest;
  }
}

function legend(y: number, palette: Palette): string[] {
  const out: string[] = [];
  let left = LABEL_WIDTH;
  for (const { state, text } of STATES) {
    out.push(
      `<rect x="${left}" y="${y - 9}" width="12" height="10" fill="${fill(state, palette)}"/>`,
      `<text x="${left + 17}" y="${y}" fill="${palette.faint}">${text}</text>`,
    );
    left += 34 + text.length * 6;
  }
  const marks = `no mixing within a function, a system call, the kernel: ${PROMISE_MARKS.kept} kept, ${PROMISE_MARKS['not-proven']} not proven, ${PROMISE_MARKS.broken} broken`;
  out.push(`<text x="${LABEL_WIDTH}" y="${y + 18}" fill="${palette.faint}">${marks}</text>`);
  return out;
}

function shorten(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
