import type {
  Comparison,
  ComparisonColumn,
  ComparisonRow,
  RowVariant,
} from '../../shared/src/comparison/comparison-types.ts';
import {
  groupText,
  guaranteeText,
  leftCount,
  mixedText,
  outcomeText,
  PROMISE_MARKS,
  rowText,
} from '../../shared/src/comparison/words.ts';
import { timeText } from '../../shared/src/simulator/time-text.ts';
import { attribute, element, text } from './dom.ts';
import type { Session } from './session.ts';
import { fills, readTheme } from './theme.ts';

export interface ComparisonEvents {
  /** Shows the whole run of a row. */
  open(row: ComparisonRow): void;
  /** Plays a row with another value of one of its variants. */
  vary(row: ComparisonRow, variant: string, value: string): void;
}

interface ComparisonData {
  /** Null until there is one. */
  readonly comparison: Comparison | null;
  /** Another one is on its way. */
  readonly comparing: boolean;
  /** The row whose run the timeline shows; null for the kernel's own. */
  readonly opened: string | null;
}

const COLUMNS = ['Model', 'Course', 'Over after', 'Stands still', 'Mixed', 'Signalled', 'Left', 'No mixing'];
const BAR_HEIGHT = 20;

/** Models side by side: one row each on one time axis, with the numbers beside it. A row unfolds into what is behind it. */
export class ComparisonView {
  readonly element: HTMLElement;
  private readonly events: ComparisonEvents;
  private readonly caption = element('caption');
  private readonly body = element('tbody');
  private readonly assumptions = element('div', { class: 'assumed' });
  /** Places in the table: what a row is made with can be changed while it is unfolded. */
  private readonly unfolded = new Set<number>();
  private bars: { readonly canvas: HTMLCanvasElement; readonly row: ComparisonRow; readonly end: number }[] = [];
  private shown: ComparisonData | null = null;

  constructor(events: ComparisonEvents) {
    this.events = events;
    const head = COLUMNS.map((title) => element('th', { scope: 'col' }, title));
    this.element = element(
      'div',
      { class: 'comparison side-by-side', tabindex: -1, 'aria-label': 'Consistency models side by side' },
      element('table', {}, this.caption, element('thead', {}, element('tr', {}, ...head)), this.body),
      element(
        'p',
        { class: 'faint' },
        'No mixing of old and new code within a function, a system call, the whole kernel: ' +
          `${PROMISE_MARKS.kept} kept, ${PROMISE_MARKS['not-proven']} not proven by this run, ${PROMISE_MARKS.broken} broken.`,
      ),
      this.assumptions,
    );
    new ResizeObserver(() => this.paint()).observe(this.element);
  }

  show({ comparison, comparing, modelRow }: Session): void {
    this.update({ comparison, comparing, opened: modelRow && rowId(modelRow) });
  }

  private update(data: ComparisonData): void {
    const { comparison, comparing, opened } = data;
    const { shown } = this;
    attribute(this.element, 'aria-busy', comparing ? 'true' : null);
    text(this.caption, captionOf(data));
    if (shown?.comparison === comparison && shown?.opened === opened) return;
    this.shown = data;
    if (comparison === null) {
      this.body.replaceChildren();
      this.assumptions.replaceChildren();
      this.bars = [];
      return;
    }
    this.bars = [];
    const focused = document.activeElement?.id;
    this.body.replaceChildren(
      ...comparison.rows.flatMap((row, index) => this.rows(row, index, comparison.end, opened)),
    );
    if (focused !== undefined && focused !== '') document.getElementById(focused)?.focus();
    this.assumptions.replaceChildren(
      element(
        'details',
        {},
        element('summary', {}, 'What is assumed'),
        element('ul', {}, ...comparison.assumptions.map((line) => element('li', {}, line))),
      ),
    );
    this.paint();
  }

  restyle(): void {
    this.paint();
  }

  focus(): void {
    this.body.querySelector<HTMLElement>('button')?.focus();
  }

  private rows(row: ComparisonRow, index: number, end: number, opened: string | null): HTMLElement[] {
    const canvas = element('canvas', { class: 'course', role: 'img', 'aria-label': courseText(row) });
    this.bars.push({ canvas, row, end });
    const detail = element('tr', { class: 'behind', hidden: !this.unfolded.has(index) }, this.behind(row, index));
    const unfold = element(
      'button',
      {
        type: 'button',
        class: 'link',
        'aria-expanded': String(this.unfolded.has(index)),
        title: row.summary,
        onclick: () => {
          const open = detail.hidden;
          detail.hidden = !open;
          attribute(unfold, 'aria-expanded', String(open));
          if (open) this.unfolded.add(index);
          else this.unfolded.delete(index);
        },
      },
      row.title,
    );
    const numbers = [
      outcomeText(row),
      row.standStill.longest === 0 ? '0' : timeText(row.standStill.longest),
      mixedText(row.mixed),
      row.interrupted.eintr > 0 ? `${row.signalled} (${row.interrupted.eintr} EINTR)` : String(row.signalled),
      String(leftCount(row)),
    ];
    const bad = [row.outcome !== 'done', false, row.mixed.open, row.interrupted.eintr > 0, leftCount(row) > 0];
    const main = element(
      'tr',
      { class: rowId(row) === opened ? 'opened' : '', title: rowText(row) },
      element('th', { scope: 'row' }, unfold),
      element('td', { class: 'bar' }, canvas),
      ...numbers.map((number, column) => element('td', { class: bad[column] ? 'bad' : '' }, number)),
      element(
        'td',
        { class: 'promises', 'aria-label': row.guarantees.map(guaranteeText).join('. ') },
        row.guarantees.map(({ holds }) => PROMISE_MARKS[holds]).join(' '),
      ),
    );
    return [main, detail];
  }

  /** What decided it, what it promises, what it can't do and where that is written. */
  private behind(row: ComparisonRow, index: number): HTMLElement {
    const list = (title: string, lines: readonly string[]): HTMLElement[] =>
      lines.length === 0
        ? []
        : [element('h3', {}, title), element('ul', {}, ...lines.map((line) => element('li', {}, line)))];
    const evidence =
      row.evidence === 'kernel'
        ? 'This model was compared with real kernels of this version.'
        : 'Built from documents; no kernel was run for it.';
    return element(
      'td',
      { colspan: COLUMNS.length },
      element('p', {}, row.reason),
      element('p', { class: 'faint' }, `Switches ${row.summary}. ${evidence}`),
      element(
        'button',
        { type: 'button', class: 'quiet', onclick: () => this.events.open(row) },
        'Show this run task by task',
      ),
      ...(row.variants.length === 0 ? [] : [element('h3', {}, 'What the debate left open')]),
      ...row.variants.map((variant) => this.variantSwitch(row, index, variant)),
      ...list('Who is in the way, or left behind', row.never.slice(0, 12).map(groupText)),
      ...list('Promises', row.guarantees.map(guaranteeText)),
      ...list('Findings', row.findings),
      ...list('What it can’t do', row.cannot),
      ...list(
        'Numbers that went in',
        row.parameters.map(
          ({ about, value, unit, source }) => `${about}: ${unit === 'us' ? timeText(value) : value}. ${source}`,
        ),
      ),
      ...list('Sources', row.sources),
    );
  }

  private variantSwitch(row: ComparisonRow, index: number, { name, about, chosen, values }: RowVariant): HTMLElement {
    const onchange = ({ target }: Event & { readonly target: HTMLSelectElement | HTMLInputElement }): void =>
      this.events.vary(row, name, target.value);
    const id = `variant-${index}-${name}`;
    const field =
      values.length === 0
        ? element('input', { id, type: 'text', value: chosen, onchange })
        : element(
            'select',
            { id, onchange },
            ...values.map(({ value, about: title }) =>
              element('option', { value, title, selected: value === chosen }, value),
            ),
          );
    const what = values.find(({ value }) => value === chosen)?.about ?? '';
    return element(
      'p',
      { class: 'variant' },
      element('label', { for: id }, `${about} `),
      field,
      element('span', { class: 'faint' }, ` ${what}`),
    );
  }

  private paint(): void {
    if (this.element.hidden) return;
    const theme = readTheme();
    for (const { canvas, row, end } of this.bars) {
      const { clientWidth: width } = canvas;
      if (width === 0) continue;
      const scale = window.devicePixelRatio || 1;
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(BAR_HEIGHT * scale);
      const context = canvas.getContext('2d');
      if (context === null) continue;
      context.setTransform(scale, 0, 0, scale, 0, 0);
      const fill = fills(context, theme, scale);
      const styles: { readonly [state in State]: string | CanvasPattern } = {
        new: fill.new,
        between: theme.signal,
        old: fill.old,
        blocked: fill['blocked-old'],
        held: theme.rest,
      };
      for (const box of courseBoxes(row.columns, end, width)) {
        context.fillStyle = styles[box.state];
        context.fillRect(box.x, box.y, box.width, box.height);
      }
      if (row.time !== null && row.time > 0) {
        context.fillStyle = theme.text;
        context.fillRect(Math.min((row.time / end) * width, width - 1.5), 0, 1.5, BAR_HEIGHT);
      }
    }
  }
}

/** The same row in two comparisons has the same id. */
export function rowId({ choice }: ComparisonRow): string {
  return JSON.stringify([choice.model, choice.kernel ?? '', choice.variants ?? {}, choice.parameters ?? {}]);
}

function captionOf({ comparison, comparing }: ComparisonData): string {
  if (comparison === null) return comparing ? 'Comparing the models…' : '';
  const { module, workload, seed, rows } = comparison;
  const done = rows.filter(({ outcome }) => outcome === 'done').length;
  return `${module} on ${workload.title}, seed ${seed}: ${done} of ${rows.length} models finish. The time axis ends at ${timeText(comparison.end)}.${comparing ? ' Comparing anew…' : ''}`;
}

function courseText(row: ComparisonRow): string {
  const last = row.columns.at(-1);
  if (last === undefined) return 'No task is there.';
  return `At the end ${last.new} tasks run new code, ${last.old + last.blocked} old code, ${last.held} stand still.`;
}

type State = Exclude<keyof ComparisonColumn, 'at'>;

/** From the bottom of a bar to its top. */
const STATES: readonly State[] = ['new', 'between', 'old', 'blocked', 'held'];

export interface CourseBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly state: State;
}

/** A row's columns as boxes in pixels: shares of the tasks stacked over time; one task of hundreds still has a pixel. */
export function courseBoxes(columns: readonly ComparisonColumn[], end: number, width: number): CourseBox[] {
  const boxes: CourseBox[] = [];
  columns.forEach((column, index) => {
    const to = columns[index + 1]?.at ?? end;
    const all = STATES.reduce((sum, state) => sum + column[state], 0);
    if (all === 0) return;
    const x = (column.at / end) * width;
    let y = BAR_HEIGHT;
    for (const state of STATES) {
      if (column[state] === 0) continue;
      const height = Math.max((column[state] / all) * BAR_HEIGHT, 1);
      y = Math.max(0, y - height);
      boxes.push({ x, y, width: Math.max(((to - column.at) / end) * width, 0.4), height, state });
    }
  });
  return boxes;
}
