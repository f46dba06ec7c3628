import type { Forecast } from '../simulator/forecast-types.ts';
import { timeText } from '../simulator/time-text.ts';
import { axisTicks } from './axis.ts';
import { type Lane, lanes, type SegmentState } from './lanes.ts';
import { FONT, HATCH, hatchDefinition, PALETTES, type Palette, type PictureTheme } from './palette.ts';
import { type ShareColumn, shareColumns } from './shares.ts';
import { escapeXml, round } from './svg-text.ts';

/** One line of the small picture. */
export interface PictureRow {
  readonly label: string;
  /** In order of time; `share` is how many of the row's tasks, 0 to 1, are in that state, stacked bottom up. */
  readonly columns: readonly ShareColumn[];
  /** Microseconds. */
  readonly signals: readonly number[];
}

/** Microseconds from which on a task that the kernel always finds running counts as one that is waited for. */
const LONG_RUNNING = 1_500_000;

/**
 * The rows of the small picture: the tasks that nothing holds up in one row, then one row for each kind of task that is
 * waited for, those first that are waited for longest, at most `most` of them (the last one then gathers the others).
 */
export function pictureRows(all: readonly Lane[], most: number): PictureRow[] {
  const free = all.filter((lane) => waitedFor(lane) === 0);
  const byName = new Map<string, Lane[]>();
  for (const lane of all) {
    if (waitedFor(lane) === 0) continue;
    const lanesOfName = byName.get(lane.task.comm);
    if (lanesOfName) lanesOfName.push(lane);
    else byName.set(lane.task.comm, [lane]);
  }
  const latest = (group: readonly Lane[]): number => Math.max(...group.map(waitedFor));
  const blocked = [...byName].sort((a, b) => latest(b[1]) - latest(a[1]) || b[1].length - a[1].length);
  const shown = blocked.length > most ? blocked.slice(0, most - 1) : blocked;
  const others = blocked.slice(shown.length).flatMap(([, group]) => group);
  const rows: PictureRow[] = [];
  if (free.length > 0) rows.push(row(`${free.length} ${free.length === 1 ? 'task' : 'tasks'}`, free));
  for (const [comm, group] of shown) rows.push(row(group.length === 1 ? comm : `${comm} ×${group.length}`, group));
  if (others.length > 0) rows.push(row(`${others.length} others`, others));
  return rows;
}

/** Until when a pass found the task blocked, or running all the time; 0 for never. Microseconds. */
function waitedFor({ segments }: Lane): number {
  let until = 0;
  for (const { from, to, reason } of segments) {
    if (reason !== null && (reason.kind !== 'running' || to - from >= LONG_RUNNING)) until = to;
  }
  return until;
}

function row(label: string, group: readonly Lane[]): PictureRow {
  const columns = shareColumns(group);
  const signals = [...new Set(group.flatMap((lane) => lane.marks.map((mark) => mark.at)))].sort((a, b) => a - b);
  return { label, columns, signals };
}

export interface SvgOptions {
  readonly theme: PictureTheme;
  /** Pixels; default 560. */
  readonly width?: number;
}

const LABEL_WIDTH = 132;
const ROW_HEIGHT = 22;
const BAR_HEIGHT = 14;
const TOP = 12;

/**
 * The small picture of a forecast's typical run, as an SVG document of its own: fit for a data URI in a hover. It has a
 * background of its own because an image can't see the editor's theme.
 */
export function forecastSvg(forecast: Forecast, options: SvgOptions): string {
  const palette = PALETTES[options.theme];
  const width = options.width ?? 560;
  const rows = pictureRows(lanes(forecast.typical), 5);
  const end = Math.max(forecast.typical.end, 1);
  const right = width - 16;
  const x = (at: number): number => LABEL_WIDTH + (at / end) * (right - LABEL_WIDTH);
  const bottom = TOP + rows.length * ROW_HEIGHT;
  const height = bottom + 26;
  const out: string[] = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(forecast.headline)}">`,
    `<title>${escapeXml(forecast.headline)}</title>`,
    hatchDefinition(palette),
    `<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="4" fill="${palette.background}" stroke="${palette.border}"/>`,
    `<g font-family="${FONT}" font-size="11">`,
  ];
  for (const tick of axisTicks(end, 7)) {
    out.push(
      `<path d="M${round(x(tick))} ${TOP - 4}V${bottom}" stroke="${palette.grid}"/>`,
      `<text x="${round(x(tick))}" y="${bottom + 15}" text-anchor="middle" fill="${palette.faint}">${timeText(tick)}</text>`,
    );
  }
  rows.forEach((pictureRow, index) => {
    const top = TOP + index * ROW_HEIGHT + (ROW_HEIGHT - BAR_HEIGHT) / 2;
    out.push(
      `<text x="${LABEL_WIDTH - 10}" y="${top + 11}" text-anchor="end" fill="${palette.text}">${escapeXml(pictureRow.label)}</text>`,
      ...bars(pictureRow, top, x, palette),
    );
  });
  for (const at of new Set(rows.flatMap((pictureRow) => pictureRow.signals))) {
    out.push(
      `<path d="M${round(x(at))} ${TOP - 6}V${bottom}" stroke="${palette.signal}" stroke-width="1.5" stroke-dasharray="4 3"/>`,
    );
  }
  out.push('</g></svg>');
  return out.join('');
}

/** Columns narrower than a third of a pixel are drawn as one: a run of 400 tasks switching one by one stays small. */
function bars(pictureRow: PictureRow, top: number, x: (at: number) => number, palette: Palette): string[] {
  const out: string[] = [];
  let last: { key: string; from: number; to: number; shares: ShareColumn['shares'] } | null = null;
  const flush = (): void => {
    if (last === null) return;
    let y = top + BAR_HEIGHT;
    const width = Math.max(last.to - last.from, 0.3);
    for (const { state, share } of last.shares) {
      const h = share * BAR_HEIGHT;
      y -= h;
      out.push(
        `<rect x="${round(last.from)}" y="${round(y)}" width="${round(width)}" height="${round(h)}" fill="${fill(state, palette)}"/>`,
      );
    }
  };
  for (const column of pictureRow.columns) {
    const key = column.shares.map(({ state, share }) => `${state}${share.toFixed(3)}`).join();
    const from = x(column.from);
    const to = x(column.to);
    if (last !== null && (last.key === key || to - last.from < 0.34)) {
      last = { key, from: last.from, to, shares: column.shares };
      continue;
    }
    flush();
    last = { key, from, to, shares: column.shares };
  }
  flush();
  return out;
}

function fill(state: SegmentState, palette: Palette): string {
  switch (state) {
    case 'new':
      return palette.new;
    case 'old':
      return palette.old;
    case 'rest':
      return palette.rest;
    default:
      return HATCH;
  }
}
