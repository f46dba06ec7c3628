import type { FrequentReplacement } from '../../shared/src/comparison/frequent-replacement.ts';
import type { PolicyRow } from '../../shared/src/comparison/policies.ts';
import {
  costText,
  frequentText,
  functionText,
  graceText,
  unfixedText,
} from '../../shared/src/comparison/policy-words.ts';
import { lanesEnd, type VersionBox, type VersionLane, versionLanes } from '../../shared/src/picture/version-lanes.ts';
import { errnoName } from '../../shared/src/scenario/errno-names.ts';
import { timeText } from '../../shared/src/simulator/time-text.ts';
import { attribute, element, svgElement, text } from './dom.ts';
import type { PolicyResult, PolicyWork } from './policy-work.ts';

const COLUMNS = ['Way', 'Each function over time', 'Unfixed', 'Over', 'ftrace', 'Grace periods', 'Loaded then'];
/** Functions whose lanes are shown; more are told in words. */
const MOST_LANES = 6;
/** Of a lane, in units of its own: it is stretched to the room that there is. */
const LANE = { width: 1000, height: 20 };

const KIND_TEXTS: { readonly [kind in VersionBox['kind']]: string } = {
  new: 'the new patch',
  older: 'an older patch',
  original: 'the original, which nobody fixed before',
  unfixed: 'the original: unfixed',
};

export interface PoliciesEvents {
  /** A livepatch is to be there before, or not any more. */
  toggle(key: string): void;
}

/** Ways of bringing the patch to a machine with others: whether a fixed function ever runs unfixed, and what each costs. */
export class PoliciesView {
  readonly element: HTMLElement;
  private readonly events: PoliciesEvents;
  private readonly heading = element('h2', { tabindex: -1 });
  private readonly picker = element('fieldset', { class: 'picker' });
  private readonly body = element('tbody');
  private readonly again = element('div', { class: 'again' });
  private readonly unfolded = new Set<string>();
  private shown: PolicyResult | null = null;
  private picked = '';

  constructor(events: PoliciesEvents) {
    this.events = events;
    this.element = element(
      'div',
      { class: 'policies side-by-side', role: 'region', 'aria-label': 'Replace policies side by side' },
      patterns(),
      this.heading,
      this.picker,
      legend(),
      element(
        'table',
        {},
        element('thead', {}, element('tr', {}, ...COLUMNS.map((title) => element('th', { scope: 'col' }, title)))),
        this.body,
      ),
      this.again,
    );
  }

  show(work: PolicyWork): void {
    if (this.element.hidden) return;
    attribute(this.element, 'aria-busy', work.busy ? 'true' : null);
    this.showPicker(work);
    const { result } = work;
    text(this.heading, result === null ? 'Comparing policies…' : headingOf(result));
    if (result === this.shown) return;
    this.shown = result;
    if (result === null) {
      for (const part of [this.body, this.again]) part.replaceChildren();
      return;
    }
    const { rows, module } = result.comparison;
    const end = lanesEnd(rows);
    this.body.replaceChildren(...rows.flatMap((row) => this.row(row, module, end)));
    this.again.replaceChildren(...againAndAgain(result.frequent));
  }

  private showPicker({ installable, installed, note }: PolicyWork): void {
    const keys = installed.map(({ key }) => key);
    const state = JSON.stringify([installable.map(({ title }) => title), keys, note]);
    if (state === this.picked) return;
    this.picked = state;
    const focused = document.activeElement instanceof HTMLInputElement ? document.activeElement.value : null;
    const boxes = installable.map(({ key, title }) => {
      const place = keys.indexOf(key);
      const box = element('input', {
        type: 'checkbox',
        value: key,
        checked: place >= 0,
        onchange: () => this.events.toggle(key),
      });
      const order = place >= 0 && keys.length > 1 ? ` (${place + 1})` : '';
      return element('label', {}, box, `${title}${order}`);
    });
    this.picker.replaceChildren(
      element('legend', {}, 'Loaded before, in this order'),
      ...boxes,
      ...(note === null ? [] : [element('p', { class: 'faint' }, note)]),
    );
    this.picker.querySelector<HTMLElement>(`input[value="${CSS.escape(focused ?? '')}"]`)?.focus();
  }

  private row(row: PolicyRow, module: string, end: number): HTMLElement[] {
    const id = `${row.policy} ${row.order}`;
    const detail = element('tr', { class: 'behind', hidden: !this.unfolded.has(id) }, behind(row));
    const unfold = element(
      'button',
      {
        type: 'button',
        class: 'link',
        'aria-expanded': String(this.unfolded.has(id)),
        onclick: () => {
          const open = detail.hidden;
          detail.hidden = !open;
          attribute(unfold, 'aria-expanded', String(open));
          if (open) this.unfolded.add(id);
          else this.unfolded.delete(id);
        },
      },
      row.title,
    );
    const sum = (of: 'registered' | 'unregistered' | 'gracePeriods'): number =>
      row.costs.reduce((total, cost) => total + cost[of], 0);
    const cell = (words: string, bad = false): HTMLElement => element('td', { class: bad ? 'bad' : '' }, words);
    return [
      element(
        'tr',
        {},
        element(
          'th',
          { scope: 'row' },
          unfold,
          row.released ? null : element('span', { class: 'faint' }, ' never merged'),
        ),
        element('td', { class: 'lanes-cell' }, ...lanes(versionLanes(row, module, end, LANE))),
        cell(unfixedShort(row), row.unfixed.length > 0),
        cell(outcomeShort(row), row.outcome !== 'done'),
        cell(row.costs.length === 0 ? '–' : `+${sum('registered')} −${sum('unregistered')}`),
        cell(row.costs.length === 0 ? '–' : String(sum('gracePeriods'))),
        cell(row.left.join(', ') || 'nothing'),
      ),
      detail,
    ];
  }
}

function headingOf({ comparison: { module, installed, workload, kernel } }: PolicyResult): string {
  const before = installed.length === 0 ? 'nothing' : installed.join(', ');
  return `${module} on a machine with ${before} (${workload.title}, Linux ${kernel})`;
}

/** Everything that is known of one way, in words. */
function behind(row: PolicyRow): HTMLElement {
  const list = (title: string, lines: readonly string[]): HTMLElement[] =>
    lines.length === 0
      ? []
      : [element('h3', {}, title), element('ul', {}, ...lines.map((line) => element('li', {}, line)))];
  const unfixed =
    row.unfixed.length === 0 ? ['No: no fixed function ever runs unfixed.'] : row.unfixed.map(unfixedText);
  return element(
    'td',
    { colspan: COLUMNS.length },
    ...list('Is there a moment when a fixed function runs unfixed?', unfixed),
    ...list('Callbacks that nobody runs', row.silent),
    ...list('Findings', row.findings),
    ...list(
      'The kernel refuses it',
      row.outcome === 'refused'
        ? [`${errnoName(row.errno)}${row.refusal === null ? ', without a log line' : `, “${row.refusal}”`}`]
        : [],
    ),
    ...list('What this policy refuses', row.refuses),
    ...list(
      'What each operation costs',
      row.costs.map((cost) => {
        const what = cost.target === 'patched' ? 'Loading' : 'Disabling';
        const time = cost.to === null ? 'not over' : `over after ${timeText(cost.to - cost.from)}`;
        return `${what} ${cost.patch}, ${time}: ${costText([cost])}, ${cost.passes} looks at all tasks`;
      }),
    ),
  );
}

function unfixedShort({ unfixed }: PolicyRow): string {
  if (unfixed.length === 0) return 'never';
  const ends = unfixed.flatMap(({ from, to }) => (to === null ? [] : [to - from]));
  const gone = unfixed.length - ends.length;
  const parts = [
    ...(ends.length === 0 ? [] : [Math.max(...ends) === 0 ? 'a moment' : timeText(Math.max(...ends))]),
    ...(gone === 0 ? [] : [`${gone} for good`]),
  ];
  return parts.join(', ');
}

function outcomeShort({ outcome, errno, time }: PolicyRow): string {
  if (outcome === 'refused') return errnoName(errno);
  if (outcome === 'unfinished') return 'not over';
  return time === null || time === 0 ? 'at once' : timeText(time);
}

function lanes(all: readonly VersionLane[]): HTMLElement[] {
  const shown = all.slice(0, MOST_LANES).map((lane) =>
    element(
      'div',
      { class: 'version-lane' },
      element('span', { class: 'function', title: functionText(lane) }, functionText(lane)),
      svgElement(
        'svg',
        {
          viewBox: `0 0 ${LANE.width} ${LANE.height}`,
          preserveAspectRatio: 'none',
          role: 'img',
          'aria-label': laneText(lane),
        },
        ...lane.boxes.map(({ x, y, width, height, kind, from, to, tasks }) =>
          svgElement(
            'rect',
            { class: kind, x, y, width, height },
            svgElement(
              'title',
              {},
              `${timeText(Math.round(from))} to ${timeText(Math.round(to))}: ${tasks} tasks run ${KIND_TEXTS[kind]}`,
            ),
          ),
        ),
      ),
    ),
  );
  const more = all.length - shown.length;
  return more > 0 ? [...shown, element('p', { class: 'faint' }, `and ${more} more functions`)] : shown;
}

function laneText({ boxes, ...func }: VersionLane): string {
  const unfixed = boxes.filter(({ kind }) => kind === 'unfixed');
  const [first] = unfixed;
  const last = unfixed.at(-1);
  if (first === undefined || last === undefined) return `${functionText(func)}: never unfixed`;
  return `${functionText(func)}: unfixed from ${timeText(Math.round(first.from))} to ${timeText(Math.round(last.to))}`;
}

function legend(): HTMLElement {
  return element(
    'p',
    { class: 'faint version-key' },
    'Who runs: ',
    ...(['new', 'older', 'original', 'unfixed'] as const).map((kind) =>
      element(
        'span',
        {},
        svgElement(
          'svg',
          { width: 14, height: 10, 'aria-hidden': 'true' },
          svgElement('rect', { class: kind, width: 14, height: 10 }),
        ),
        ` ${KIND_TEXTS[kind]}`,
      ),
    ),
  );
}

/** Fillings that differ without colour. Their element must be in the page wherever they are used. */
function patterns(): SVGSVGElement {
  const pattern = (id: string, ...marks: SVGElement[]): SVGElement =>
    svgElement('pattern', { id, width: 6, height: 6, patternUnits: 'userSpaceOnUse' }, ...marks);
  return svgElement(
    'svg',
    { class: 'patterns', width: 0, height: 0, 'aria-hidden': 'true' },
    svgElement(
      'defs',
      {},
      pattern(
        'unfixed-fill',
        svgElement('rect', { class: 'ground', width: 6, height: 6 }),
        svgElement('path', { class: 'line', d: 'M0 6L6 0M-1.500 1.500L1.500-1.500M4.500 7.500L7.500 4.500' }),
      ),
      pattern(
        'older-fill',
        svgElement('rect', { class: 'ground', width: 6, height: 6 }),
        svgElement('rect', { class: 'dot', x: 2, y: 2, width: 2, height: 2 }),
      ),
    ),
  );
}

/** What bringing one version after the other comes to. */
function againAndAgain(frequent: readonly FrequentReplacement[]): HTMLElement[] {
  const head = [
    'One version after the other',
    'ftrace',
    'Grace periods',
    'Rounds on every CPU',
    'Unfixed',
    'Loaded after ten',
  ];
  const rows = frequent.map((way) => {
    const cells = way.complete
      ? [
          `+${way.registered} −${way.unregistered}`,
          String(way.gracePeriods),
          String(way.cpuRounds),
          way.unfixed === 0 ? 'never' : timeText(way.unfixed),
          way.depth > 1 ? '10' : '1',
        ]
      : ['–', '–', '–', '–', '–'];
    return element(
      'tr',
      { title: frequentText(way) },
      element(
        'th',
        { scope: 'row' },
        way.title,
        way.complete ? null : element('span', { class: 'faint' }, ' does not end here'),
      ),
      ...cells.map((words, index) => element('td', { class: index === 3 && way.unfixed > 0 ? 'bad' : '' }, words)),
    );
  });
  const worst = Math.max(0, ...frequent.map(({ gracePeriods }) => gracePeriods));
  return [
    element('h3', {}, 'Replacing often: what each further version with the same functions costs'),
    element(
      'table',
      {},
      element('thead', {}, element('tr', {}, ...head.map((title) => element('th', { scope: 'col' }, title)))),
      element('tbody', {}, ...rows),
    ),
    element(
      'p',
      { class: 'faint' },
      worst === 0
        ? 'Nothing is unregistered, so that nobody waits for RCU-tasks.'
        : `A hundred versions, each time disabled first: ${graceText(100 * worst)}. On a host of 128 CPUs that replaced in a loop one wait took 10 to 40 s (live-patching list, January 2025).`,
      ' A version that lacks a function of the one before unregisters it: one more of each.',
    ),
  ];
}
