import { barBoxes, barsOf, type Frame, framesOf, ROW_HEIGHT, signalPlaces } from './boxes.ts';
import type { Row } from './rows.ts';
import type { RunMark } from './run.ts';
import { fills, type Theme } from './theme.ts';
import { type LaidOver, pairOf } from './verified-run.ts';
import { ticks, timeToX, type View } from './view.ts';

/** What the axis and the bars are drawn from. */
export interface Drawing {
  readonly view: View;
  readonly cursor: number;
  readonly marks: readonly RunMark[];
  readonly laidOver: LaidOver | null;
}

/** Where signals point to, from a row's upper edge. */
const SIGNAL_TIP = 13;
/** An axis has a label about every so many pixels. */
const LABEL_EVERY = 70;

/** Times, marks with their names, and the cursor's handle. */
export function drawAxis(canvas: HTMLCanvasElement, theme: Theme, { view, cursor, marks }: Drawing): void {
  const prepared = prepare(canvas);
  if (prepared === null) return;
  const { context, width, height } = prepared;
  context.font = `11px ${theme.font}`;
  context.textAlign = 'center';
  for (const tick of ticks(view, width / LABEL_EVERY)) {
    const x = timeToX(tick.at, view, width);
    const half = context.measureText(tick.text).width / 2;
    context.fillStyle = theme.faint;
    context.fillText(tick.text, Math.min(Math.max(x, half), width - half), 12);
    context.fillStyle = theme.grid;
    context.fillRect(Math.round(x), height - 4, 1, 4);
  }
  context.textAlign = 'left';
  let free = Number.NEGATIVE_INFINITY;
  for (const mark of inView(marks, view)) {
    const x = timeToX(mark.at, view, width);
    const wide = context.measureText(mark.label).width;
    const left = Math.min(x + 3, width - wide - 2);
    context.fillStyle = mark.kind === 'signal' ? theme.signal : theme.step;
    context.fillRect(Math.round(x), 18, 1, height - 18);
    if (left < free) continue;
    context.fillText(mark.label, left, 28);
    free = left + wide + 8;
  }
  if (cursor < view.from || cursor > view.to) return;
  const x = timeToX(cursor, view, width);
  context.fillStyle = theme.cursor;
  triangle(context, x, height, 6, -9);
}

/** Rows of which the first is drawn at `top` (negative when it is scrolled out in part). */
export function drawBars(
  canvas: HTMLCanvasElement,
  theme: Theme,
  { view, cursor, marks, laidOver }: Drawing,
  rows: readonly Row[],
  top: number,
): void {
  const prepared = prepare(canvas);
  if (prepared === null) return;
  const { context, width, height, scale } = prepared;
  const fill = fills(context, theme, scale);
  context.fillStyle = theme.grid;
  for (const tick of ticks(view, width / LABEL_EVERY)) {
    context.fillRect(Math.round(timeToX(tick.at, view, width)), 0, 1, height);
  }
  rows.forEach((row, index) => {
    const { lanes } = row;
    const y = top + index * ROW_HEIGHT;
    const pair = laidOver && pairOf(laidOver.pairs, row);
    for (const bar of barsOf(lanes, pair)) {
      for (const box of barBoxes(bar.lanes, view, width, bar.height)) {
        context.fillStyle = fill[box.state];
        context.fillRect(box.x, y + bar.top + box.y, box.width, box.height);
      }
    }
    for (const frame of framesOf(pair, view, width)) differenceMark(context, theme, frame, y);
    // Who was signalled on the real kernel is not seen.
    if (pair) return;
    context.fillStyle = theme.signal;
    for (const x of signalPlaces(lanes, view, width)) triangle(context, x, y + SIGNAL_TIP, 4, 7);
  });
  for (const mark of inView(marks, view)) {
    context.strokeStyle = mark.kind === 'signal' ? theme.signal : theme.step;
    context.setLineDash(mark.kind === 'signal' ? [5, 4] : [2, 3]);
    line(context, Math.round(timeToX(mark.at, view, width)) + 0.5, height);
  }
  context.setLineDash([]);
  if (cursor < view.from || cursor > view.to) return;
  context.strokeStyle = theme.cursor;
  context.lineWidth = 2;
  line(context, timeToX(cursor, view, width), height);
  context.lineWidth = 1;
}

/** A frame around both bars, and a sign in it that needs no colour. */
function differenceMark(context: CanvasRenderingContext2D, theme: Theme, frame: Frame, y: number): void {
  const { left, right, top, height } = frame;
  context.strokeStyle = theme.text;
  context.lineWidth = 1.5;
  context.strokeRect(left + 0.75, y + top, Math.max(right - left - 1.5, 2), height);
  context.lineWidth = 1;
  const [x, middle] = [(left + right) / 2, y + top + height / 2];
  context.fillStyle = theme.ground;
  context.beginPath();
  context.arc(x, middle, 7.5, 0, 2 * Math.PI);
  context.fill();
  context.stroke();
  context.fillStyle = theme.text;
  context.font = `bold 12px ${theme.font}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText('≠', x, middle);
  context.textBaseline = 'alphabetic';
}

function inView(marks: readonly RunMark[], view: View): RunMark[] {
  return marks.filter(({ at }) => at >= view.from && at <= view.to);
}

/** Fits the canvas to its place and clears it; null while it has no size. */
function prepare(
  canvas: HTMLCanvasElement,
): { context: CanvasRenderingContext2D; width: number; height: number; scale: number } | null {
  const scale = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (width === 0 || height === 0) return null;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const context = canvas.getContext('2d');
  if (context === null) return null;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height, scale };
}

/** With its tip at (x, y) and its base `depth` below (above when negative), `half` wide to each side. */
function triangle(context: CanvasRenderingContext2D, x: number, y: number, half: number, depth: number): void {
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(x - half, y + depth);
  context.lineTo(x + half, y + depth);
  context.fill();
}

function line(context: CanvasRenderingContext2D, x: number, height: number): void {
  context.beginPath();
  context.moveTo(x, 0);
  context.lineTo(x, height);
  context.stroke();
}
