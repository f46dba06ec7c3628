import { reasonText } from '../../shared/src/simulator/reason-text.ts';
import { timeText } from '../../shared/src/simulator/time-text.ts';
import { element } from './dom.ts';
import { isBlocked } from './held-up.ts';
import type { Row } from './rows.ts';
import { segmentAt, tally, tallyText } from './tally.ts';
import { differenceText, type LaidOver, realText } from './verified-run.ts';
import { segmentText } from './words.ts';

/** The rows of the timeline as text: the same facts for who can't see or doesn't want the picture. */
export class TableView {
  readonly element: HTMLElement;
  private readonly body = element('tbody');
  private readonly caption = element('caption');
  private readonly realHead = element('th', { scope: 'col', hidden: true });

  constructor(select: (row: Row) => void) {
    this.select = select;
    this.element = element(
      'div',
      { class: 'table', tabindex: -1 },
      element(
        'table',
        {},
        this.caption,
        element(
          'thead',
          {},
          element(
            'tr',
            {},
            ...['Tasks', 'At the cursor', 'Runs new code from', 'Held up by'].map((title) =>
              element('th', { scope: 'col' }, title),
            ),
            this.realHead,
          ),
        ),
        this.body,
      ),
    );
  }

  private readonly select: (row: Row) => void;

  /** `laidOver` is what a real kernel did; null when none was asked. */
  update(rows: readonly Row[], at: number, laidOver: LaidOver | null): void {
    this.realHead.hidden = laidOver === null;
    if (laidOver !== null) this.realHead.textContent = `Linux ${laidOver.verified.release} beside the simulator`;
    this.caption.textContent = `Tasks at ${timeText(at)}`;
    const focused = document.activeElement?.getAttribute('data-row');
    this.body.replaceChildren(
      ...rows.map((row) =>
        element(
          'tr',
          { class: row.kind },
          element(
            'th',
            { scope: 'row', class: `depth-${row.depth}` },
            element('button', { type: 'button', 'data-row': row.id, onclick: () => this.select(row) }, row.label),
          ),
          element('td', {}, now(row, at)),
          element('td', {}, switched(row)),
          element('td', {}, heldUpBy(row)),
          laidOver === null ? null : element('td', {}, realWords(laidOver, row, at)),
        ),
      ),
    );
    // Who reads row by row must not be thrown out when a row unfolds.
    if (focused) this.body.querySelector<HTMLElement>(`[data-row="${CSS.escape(focused)}"]`)?.focus();
  }
}

function realWords(laidOver: LaidOver, row: Row, at: number): string {
  const all = differenceText(laidOver, row);
  return all === 'not compared' ? all : `At the cursor, ${realText(laidOver, row, at)}. In all: ${all}.`;
}

function now(row: Row, at: number): string {
  const [only] = row.lanes;
  if (row.kind !== 'task' || only === undefined) return tallyText(tally(row.lanes, at));
  const segment = segmentAt(only, at);
  return segment === null ? 'not alive' : segmentText(segment);
}

function switched(row: Row): string {
  const times = row.lanes.flatMap((lane) => lane.segments.find((segment) => segment.state === 'new')?.from ?? []);
  if (times.length === 0) return 'never';
  const first = Math.min(...times);
  const last = Math.max(...times);
  const range = first === last ? timeText(first) : `${timeText(first)} to ${timeText(last)}`;
  const never = row.lanes.length - times.length;
  return never === 0 ? range : `${range}; ${never} never`;
}

function heldUpBy(row: Row): string {
  const reasons = new Set(
    row.lanes
      .flatMap((lane) => lane.segments.filter(isBlocked))
      .flatMap(({ reason }) => (reason === null ? [] : reason))
      .map(reasonText),
  );
  return [...reasons].map((reason) => `It ${reason}.`).join(' ');
}
