import { timeText } from '../../shared/src/simulator/time-text.ts';
import { ROW_HEIGHT } from './boxes.ts';
import { attribute, element, icon, text } from './dom.ts';
import { drawAxis, drawBars } from './drawing.ts';
import { onceAFrame } from './once-a-frame.ts';
import type { Row } from './rows.ts';
import type { RunMark } from './run.ts';
import { segmentAt, tally, tallyText } from './tally.ts';
import { readTheme, type Theme } from './theme.ts';
import { type LaidOver, pairOf, realText } from './verified-run.ts';
import { type View, xToTime } from './view.ts';
import { segmentText } from './words.ts';

export interface TimelineData {
  readonly rows: readonly Row[];
  readonly view: View;
  readonly end: number;
  readonly cursor: number;
  /** Id of the selected row. */
  readonly selected: string | null;
  readonly marks: readonly RunMark[];
  /** A real kernel's run under the simulator's; null when there is none. */
  readonly laidOver: LaidOver | null;
}

export interface TimelineEvents {
  scrub(at: number): void;
  select(row: Row): void;
  fold(row: Row): void;
  zoom(factor: number, at: number): void;
  pan(share: number): void;
}

/** Rows made beyond those in sight, so that scrolling does not show holes. */
const SPARE = 6;

const EMPTY: TimelineData = {
  rows: [],
  view: { from: 0, to: 1 },
  end: 0,
  cursor: 0,
  selected: null,
  marks: [],
  laidOver: null,
};

/** The lanes: names as a tree, bars on a canvas above it. Only what is in sight is made and drawn. */
export class TimelineView {
  readonly element: HTMLElement;
  private readonly axis: HTMLCanvasElement;
  private readonly bars: HTMLCanvasElement;
  private readonly scroller: HTMLElement;
  private readonly spacer: HTMLElement;
  private readonly tip: HTMLElement;
  private readonly events: TimelineEvents;
  private data: TimelineData = EMPTY;
  private theme: Theme | null = null;
  private readonly made = new Map<string, { row: Row; element: HTMLElement }>();
  private readonly draw = onceAFrame(() => this.drawNow());

  constructor(events: TimelineEvents) {
    this.events = events;
    this.axis = element('canvas', {
      class: 'axis',
      role: 'slider',
      tabindex: 0,
      'aria-label': 'Time in the run',
      'aria-valuemin': 0,
      onpointerdown: (event: PointerEvent) => this.drag(event, this.axis),
    });
    this.bars = element('canvas', { class: 'bars', 'aria-hidden': 'true' });
    this.spacer = element('div', { class: 'rows', role: 'presentation' });
    this.scroller = element(
      'div',
      {
        class: 'scroller',
        role: 'tree',
        tabindex: 0,
        'aria-label': 'Tasks over time. Arrow keys choose a task and move the time.',
        onscroll: () => this.draw(),
        onwheel: (event: WheelEvent) => this.wheel(event),
        onpointerdown: (event: PointerEvent) => this.press(event),
        onpointermove: (event: PointerEvent) => this.hover(event),
        onpointerleave: () => this.tip.classList.add('hidden'),
      },
      this.spacer,
    );
    this.tip = element('div', { class: 'tip hidden', 'aria-hidden': 'true' });
    this.element = element(
      'div',
      { class: 'timeline' },
      element('div', { class: 'axis-row' }, element('div', { class: 'axis-corner' }, 'task'), this.axis),
      element('div', { class: 'lanes' }, this.scroller, this.bars, this.tip),
    );
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  update(data: TimelineData): void {
    this.data = data;
    this.spacer.style.height = `${data.rows.length * ROW_HEIGHT}px`;
    attribute(this.axis, 'aria-valuemax', String(data.end));
    attribute(this.axis, 'aria-valuenow', String(data.cursor));
    attribute(this.axis, 'aria-valuetext', `${timeText(data.cursor)} of ${timeText(data.end)}`);
    this.draw();
  }

  /** The theme changed. */
  restyle(): void {
    this.theme = null;
    this.draw();
  }

  focus(): void {
    this.scroller.focus();
  }

  /** Scrolls as little as needed to show a row. */
  showRow(id: string): void {
    const index = this.data.rows.findIndex((row) => row.id === id);
    if (index < 0) return;
    const top = index * ROW_HEIGHT;
    const { scrollTop, clientHeight } = this.scroller;
    if (top < scrollTop) this.scroller.scrollTop = top;
    else if (top + ROW_HEIGHT > scrollTop + clientHeight) this.scroller.scrollTop = top + ROW_HEIGHT - clientHeight;
    this.draw();
  }

  private drawNow(): void {
    this.theme ??= readTheme();
    const first = Math.max(0, Math.floor(this.scroller.scrollTop / ROW_HEIGHT) - SPARE);
    const last = Math.min(
      this.data.rows.length,
      Math.ceil((this.scroller.scrollTop + this.scroller.clientHeight) / ROW_HEIGHT) + SPARE,
    );
    this.placeRows(first, last);
    // The axis and the bars end where the scroll bar begins.
    const width = `${Math.max(0, this.scroller.clientWidth - this.bars.offsetLeft)}px`;
    this.bars.style.width = width;
    this.axis.style.width = width;
    drawAxis(this.axis, this.theme, this.data);
    const top = first * ROW_HEIGHT - this.scroller.scrollTop;
    drawBars(this.bars, this.theme, this.data, this.data.rows.slice(first, last), top);
  }

  private placeRows(first: number, last: number): void {
    const wanted = new Set<string>();
    let active: string | null = null;
    for (let index = first; index < last; index++) {
      const row = this.data.rows[index] as Row;
      wanted.add(row.id);
      let made = this.made.get(row.id);
      if (made === undefined || !sameLook(made.row, row)) {
        const fresh = this.makeRow(row);
        made?.element.remove();
        made = { row, element: fresh };
      } else {
        made.row = row;
      }
      this.made.set(row.id, made);
      // In the order of sight, for those who read the page by ear.
      const place = this.spacer.children[index - first] ?? null;
      if (place !== made.element) this.spacer.insertBefore(made.element, place);
      made.element.style.top = `${index * ROW_HEIGHT}px`;
      const selected = row.id === this.data.selected;
      if (selected) active = made.element.id;
      attribute(made.element, 'aria-selected', String(selected));
      attribute(made.element, 'aria-posinset', String(index + 1));
      attribute(made.element, 'aria-setsize', String(this.data.rows.length));
      const { laidOver } = this.data;
      const differs = laidOver !== null && (pairOf(laidOver.pairs, row)?.differences.length ?? 0) > 0;
      made.element.classList.toggle('differs', differs);
      made.element.classList.toggle('blocked', tally(row.lanes, this.data.cursor).blocked > 0);
      attribute(made.element, 'aria-label', this.describe(row, this.data.cursor));
    }
    for (const [id, { element: old }] of this.made) {
      if (wanted.has(id)) continue;
      old.remove();
      this.made.delete(id);
    }
    attribute(this.scroller, 'aria-activedescendant', active);
  }

  private makeRow(row: Row): HTMLElement {
    const folder = element('span', { class: 'folder' });
    if (row.expanded !== null) folder.append(icon(row.expanded ? 'open' : 'closed'));
    return element(
      'div',
      {
        class: `row ${row.kind} depth-${row.depth}`,
        id: `row-${row.id.replaceAll(/[^A-Za-z0-9_-]/g, '_')}`,
        role: 'treeitem',
        'data-row': row.id,
        'aria-level': row.depth + 1,
        'aria-expanded': row.expanded === null ? null : String(row.expanded),
      },
      element('span', { class: 'name' }, folder, element('span', { class: 'label' }, row.label)),
    );
  }

  private describe(row: Row, at: number): string {
    const { laidOver } = this.data;
    const [only] = row.lanes;
    const real = laidOver === null ? '' : `. ${realText(laidOver, row, at)}`;
    if (row.kind !== 'task' || only === undefined) return `${row.label}: ${tallyText(tally(row.lanes, at))}`;
    const segment = segmentAt(only, at);
    return `${row.label}: ${segment === null ? 'not alive' : segmentText(segment)}${real}`;
  }

  private press(event: PointerEvent): void {
    if (event.button !== 0) return;
    const row = this.rowAt(event);
    if (row !== undefined) {
      this.events.select(row);
      if (this.overBars(event)) {
        this.drag(event, this.scroller);
        return;
      }
      if (row.expanded !== null) this.events.fold(row);
    }
  }

  /** The pointer pulls the cursor until it is let go. */
  private drag(event: PointerEvent, surface: HTMLElement): void {
    if (event.button !== 0) return;
    const move = (at: PointerEvent): void => this.events.scrub(this.timeAt(at));
    const stop = (): void => {
      surface.removeEventListener('pointermove', move);
      surface.removeEventListener('pointerup', stop);
      surface.removeEventListener('pointercancel', stop);
    };
    surface.setPointerCapture(event.pointerId);
    surface.addEventListener('pointermove', move);
    surface.addEventListener('pointerup', stop);
    surface.addEventListener('pointercancel', stop);
    move(event);
  }

  private wheel(event: WheelEvent): void {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.events.zoom(event.deltaY > 0 ? 1.25 : 0.8, this.timeAt(event));
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      this.events.pan((event.deltaX || event.deltaY) / 800);
    }
  }

  private hover(event: PointerEvent): void {
    const row = this.overBars(event) ? this.rowAt(event) : undefined;
    this.tip.classList.toggle('hidden', row === undefined);
    if (row === undefined) return;
    const at = this.timeAt(event);
    text(this.tip, `${timeText(at)}  ${this.describe(row, at)}`);
    const area = this.scroller.getBoundingClientRect();
    const left = Math.min(event.clientX - area.left + 14, area.width - this.tip.offsetWidth - 8);
    const below = event.clientY - area.top + 18;
    this.tip.style.left = `${Math.max(left, 4)}px`;
    this.tip.style.top = `${below + this.tip.offsetHeight > area.height ? below - this.tip.offsetHeight - 26 : below}px`;
  }

  private overBars(event: MouseEvent): boolean {
    const area = this.bars.getBoundingClientRect();
    return event.clientX >= area.left && event.clientX <= area.right;
  }

  private rowAt(event: MouseEvent): Row | undefined {
    const area = this.scroller.getBoundingClientRect();
    return this.data.rows[Math.floor((event.clientY - area.top + this.scroller.scrollTop) / ROW_HEIGHT)];
  }

  private timeAt(event: MouseEvent): number {
    const area = this.axis.getBoundingClientRect();
    return xToTime(event.clientX - area.left, this.data.view, area.width);
  }
}

function sameLook(a: Row, b: Row): boolean {
  return a.label === b.label && a.expanded === b.expanded && a.depth === b.depth;
}
