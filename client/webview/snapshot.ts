import type { SnapshotKind } from '../../shared/src/panel-messages.ts';
import type { SegmentState } from '../../shared/src/picture/lanes.ts';
import { escapeXml, round } from '../../shared/src/picture/svg-text.ts';
import { barBoxes, barsOf, framesOf, ROW_HEIGHT, signalPlaces } from './boxes.ts';
import type { Row } from './rows.ts';
import type { Run, RunMark } from './run.ts';
import { readTheme, type Theme } from './theme.ts';
import { type LaidOver, pairOf } from './verified-run.ts';
import { ticks, timeToX, type View } from './view.ts';

/** What stands around the picture. */
export interface Shown {
  /** The sentence above it. */
  readonly title: string;
  /** The patch's module. */
  readonly name: string;
  readonly machine: string;
  readonly rows: readonly Row[];
  readonly view: View;
}

/** What the timeline shows as a picture (PNG in base64), or the whole trace. Rejects when the page can't draw it. */
export async function snapshot(kind: SnapshotKind, run: Run, shown: Shown): Promise<string> {
  const { trace, marks, laidOver } = run;
  if (kind === 'json') return JSON.stringify(laidOver?.verified ?? trace);
  const { kernel, seed } = trace.options;
  const about =
    laidOver === null
      ? `Simulated: ${shown.name} on Linux ${kernel}, ${shown.machine}, seed ${seed}`
      : `${shown.name} in a guest: simulator above, Linux ${laidOver.verified.release} below, ≠ where they differ`;
  const title = laidOver?.headline ?? shown.title;
  const ground = getComputedStyle(document.body).backgroundColor;
  const svg = snapshotSvg({ ...shown, title, about, marks, laidOver, ground }, readTheme());
  return kind === 'svg' ? svg : pngOf(svg);
}

export interface SnapshotData {
  /** The sentence above the picture. */
  readonly title: string;
  /** What was simulated: kernel, machine, seed. */
  readonly about: string;
  readonly rows: readonly Row[];
  readonly view: View;
  readonly marks: readonly RunMark[];
  readonly laidOver: LaidOver | null;
  readonly ground: string;
}

const WIDTH = 1200;
const NAMES = 220;
const TOP = 84;
/** More lines than anybody looks at in a picture; the rest is counted. */
const MOST_ROWS = 300;

/** What the timeline shows as an SVG document of its own, in the colours of the editor's theme. */
export function snapshotSvg(data: SnapshotData, theme: Theme): string {
  const rows = data.rows.slice(0, MOST_ROWS);
  const width = WIDTH - NAMES - 20;
  const bottom = TOP + rows.length * ROW_HEIGHT;
  const height = bottom + (rows.length < data.rows.length ? 56 : 36);
  const text = (x: number, y: number, words: string, more = ''): string =>
    `<text x="${round(x)}" y="${y}" ${more}>${escapeXml(words)}</text>`;
  const out = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeXml(`${data.title} ${data.about}`)}">`,
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">',
    `<rect width="6" height="6" fill="${escapeXml(theme.blocked)}"/><rect width="3" height="6" fill="${escapeXml(theme.hatch)}"/></pattern></defs>`,
    `<rect width="${WIDTH}" height="${height}" fill="${escapeXml(data.ground)}"/>`,
    `<g font-family="system-ui, sans-serif" font-size="12" fill="${escapeXml(theme.text)}">`,
    text(14, 24, data.title, 'font-size="15" font-weight="bold"'),
    text(14, 42, data.about, `fill="${escapeXml(theme.faint)}"`),
  ];
  for (const tick of ticks(data.view, 12)) {
    const x = NAMES + timeToX(tick.at, data.view, width);
    out.push(
      `<path d="M${round(x)} ${TOP - 6}V${bottom}" stroke="${escapeXml(theme.grid)}"/>`,
      text(x, TOP - 12, tick.text, `text-anchor="middle" fill="${escapeXml(theme.faint)}"`),
    );
  }
  const colors = colorsOf(theme);
  rows.forEach((row, index) => {
    const y = TOP + index * ROW_HEIGHT;
    const label = row.label.length > 30 ? `${row.label.slice(0, 29)}…` : row.label;
    out.push(text(14 + row.depth * 12, y + 15, label, row.kind === 'group' ? 'font-weight="bold"' : ''));
    const pair = data.laidOver && pairOf(data.laidOver.pairs, row);
    for (const bar of barsOf(row.lanes, pair)) {
      for (const box of barBoxes(bar.lanes, data.view, width, bar.height)) {
        out.push(
          `<rect x="${round(NAMES + box.x)}" y="${round(y + bar.top + box.y)}" width="${round(box.width)}" height="${round(box.height)}" fill="${escapeXml(colors[box.state])}"/>`,
        );
      }
    }
    for (const { left, right, top, height } of framesOf(pair, data.view, width)) {
      out.push(
        `<rect x="${round(NAMES + left)}" y="${round(y + top)}" width="${round(right - left)}" height="${height}" fill="none" stroke="${escapeXml(theme.text)}" stroke-width="1.5"/>`,
        text(NAMES + (left + right) / 2, y + 16, '≠', 'text-anchor="middle" font-weight="bold"'),
      );
    }
    if (pair) return;
    for (const x of signalPlaces(row.lanes, data.view, width)) {
      out.push(`<path d="M${NAMES + x} ${y + 13}l-4 7h8z" fill="${escapeXml(theme.signal)}"/>`);
    }
  });
  for (const { at, kind, label } of data.marks) {
    if (at < data.view.from || at > data.view.to) continue;
    const x = NAMES + timeToX(at, data.view, width);
    const color = escapeXml(kind === 'signal' ? theme.signal : theme.step);
    out.push(
      `<path d="M${round(x)} ${TOP - 6}V${bottom}" stroke="${color}" stroke-dasharray="5 4"/>`,
      text(x + 3, TOP - 26, label, `fill="${color}"`),
    );
  }
  if (rows.length < data.rows.length) {
    out.push(
      text(14, bottom + 24, `and ${data.rows.length - rows.length} more lines`, `fill="${escapeXml(theme.faint)}"`),
    );
  }
  out.push('</g></svg>');
  return out.join('');
}

function colorsOf(theme: Theme): { readonly [state in SegmentState]: string } {
  return {
    rest: theme.rest,
    old: theme.old,
    new: theme.new,
    'blocked-old': 'url(#hatch)',
    'blocked-new': 'url(#hatch)',
  };
}

async function pngOf(svg: string): Promise<string> {
  const image = new Image();
  const loaded = new Promise<void>((resolve, reject) => {
    image.onload = () => resolve();
    image.onerror = () => reject(new Error('The picture could not be drawn.'));
  });
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await loaded;
  const canvas = document.createElement('canvas');
  // Twice as fine, for slides.
  canvas.width = image.width * 2;
  canvas.height = image.height * 2;
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL('image/png').replace(/^data:image\/png;base64,/, '');
}
