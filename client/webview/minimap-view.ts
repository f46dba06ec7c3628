import type { Lane } from '../../shared/src/picture/lanes.ts';
import { timeText } from '../../shared/src/simulator/time-text.ts';
import { barBoxes } from './boxes.ts';
import { attribute, element } from './dom.ts';
import { onceAFrame } from './once-a-frame.ts';
import type { RunMark } from './run.ts';
import { fills, readTheme, type Theme } from './theme.ts';
import { timeToX, type View, wholeRun, xToTime } from './view.ts';

export interface MinimapData {
  readonly lanes: readonly Lane[];
  readonly marks: readonly RunMark[];
  readonly view: View;
  readonly end: number;
  readonly cursor: number;
}

/** In CSS pixels, as in the style sheet. */
const HEIGHT = 20;

/** The whole run in a strip: the share of tasks in each state, and a frame around what the timeline shows of it. */
export class MinimapView {
  readonly element: HTMLElement;
  private readonly canvas: HTMLCanvasElement;
  private data: MinimapData | null = null;
  private theme: Theme | null = null;
  private readonly draw = onceAFrame(() => this.drawNow());

  /** `show` is asked to put a time into the middle of the view. */
  constructor(show: (at: number) => void) {
    this.canvas = element('canvas', {
      class: 'minimap',
      role: 'img',
      title: 'The whole run. Click or drag to move what is in sight.',
      onpointerdown: (event: PointerEvent) => {
        if (event.button !== 0) return;
        const go = (at: PointerEvent): void => show(this.timeAt(at));
        this.canvas.setPointerCapture(event.pointerId);
        this.canvas.onpointermove = go;
        this.canvas.onpointerup = () => {
          this.canvas.onpointermove = null;
        };
        go(event);
      },
    });
    this.element = element(
      'div',
      { class: 'minimap-row' },
      element('div', { class: 'minimap-name' }, 'all tasks'),
      this.canvas,
    );
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  update(data: MinimapData): void {
    this.data = data;
    const { view, end } = data;
    attribute(
      this.canvas,
      'aria-label',
      `In sight: ${timeText(view.from)} to ${timeText(Math.min(view.to, end))} of ${timeText(end)}`,
    );
    this.draw();
  }

  restyle(): void {
    this.theme = null;
    this.draw();
  }

  private drawNow(): void {
    const { canvas, data } = this;
    const { clientWidth: width } = canvas;
    if (data === null || width === 0) return;
    this.theme ??= readTheme();
    const scale = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(HEIGHT * scale);
    const context = canvas.getContext('2d');
    if (context === null) return;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    const whole = wholeRun(data.end);
    const fill = fills(context, this.theme, scale);
    for (const box of barBoxes(data.lanes, whole, width, HEIGHT)) {
      context.fillStyle = fill[box.state];
      context.fillRect(box.x, box.y, box.width, box.height);
    }
    for (const { at, kind } of data.marks) {
      context.fillStyle = kind === 'signal' ? this.theme.signal : this.theme.step;
      context.fillRect(Math.round(timeToX(at, whole, width)), 0, 1, HEIGHT);
    }
    context.fillStyle = this.theme.cursor;
    context.fillRect(timeToX(data.cursor, whole, width), 0, 1.5, HEIGHT);
    const [left, right] = [timeToX(data.view.from, whole, width), timeToX(data.view.to, whole, width)];
    context.strokeStyle = this.theme.text;
    context.strokeRect(left + 0.5, 0.5, Math.max(right - left - 1, 2), HEIGHT - 1);
  }

  private timeAt(event: PointerEvent): number {
    const area = this.canvas.getBoundingClientRect();
    return xToTime(event.clientX - area.left, wholeRun(this.data?.end ?? 0), area.width);
  }
}
