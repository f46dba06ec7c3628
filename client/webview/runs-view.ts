import type { PatchImage, SourceRange } from '../../shared/src/model/index.ts';
import { landmarks } from '../../shared/src/picture/distribution.ts';
import type { Blocker, Forecast, SeedRun } from '../../shared/src/simulator/forecast-types.ts';
import { reasonText } from '../../shared/src/simulator/reason-text.ts';
import { timeText } from '../../shared/src/simulator/time-text.ts';
import { distributionPicture, runText } from './distribution-picture.ts';
import { attribute, element, text } from './dom.ts';
import type { Session } from './session.ts';
import { stackList } from './stack-list.ts';

export interface RunsEvents {
  /** Show the run of this seed task by task. */
  open(seed: number): void;
  reveal(range: SourceRange): void;
}

/** Every run of the forecast: how long they took, as a picture and in numbers, and who held up how many of them. */
export class RunsView {
  readonly element: HTMLElement;
  private readonly events: RunsEvents;
  private readonly heading = element('h2', { tabindex: -1 });
  private readonly picture = element('div', { class: 'picture' });
  private readonly numbers = element('div', { class: 'numbers' });
  private readonly blockers = element('div', { class: 'holders' });
  private readonly every = element('details', { class: 'every' });
  private readonly unfolded = new Set<string>();
  private shown: Forecast | null = null;
  private images: readonly PatchImage[] = [];
  private width = 0;

  constructor(events: RunsEvents) {
    this.events = events;
    this.element = element(
      'div',
      { class: 'runs', role: 'region', 'aria-label': 'Every run of the forecast' },
      this.heading,
      element('div', { class: 'beside' }, this.picture, this.numbers),
      this.blockers,
      this.every,
    );
    new ResizeObserver(() => this.draw()).observe(this.picture);
  }

  show({ forecast, forecasting, images, fixed }: Session): void {
    if (this.element.hidden) return;
    attribute(this.element, 'aria-busy', forecasting ? 'true' : null);
    text(
      this.heading,
      fixed !== null ? 'One run, made elsewhere' : forecast === null ? 'Simulating…' : headingOf(forecast),
    );
    this.images = images;
    const made = fixed === null ? forecast : null;
    if (this.shown === made) return;
    this.shown = made;
    this.width = 0;
    this.draw();
    if (made === null) {
      for (const part of [this.numbers, this.blockers, this.every]) part.replaceChildren();
      return;
    }
    this.numbers.replaceChildren(this.table(made));
    this.blockers.replaceChildren(...this.holders(made));
    this.every.replaceChildren(...this.everyRun(made));
  }

  focus(): void {
    this.heading.focus();
  }

  private draw(): void {
    const { shown } = this;
    const width = this.picture.clientWidth;
    if (shown === null || shown.errno !== 0) {
      this.picture.replaceChildren();
      return;
    }
    if (width === 0 || width === this.width) return;
    this.width = width;
    const legend = element(
      'p',
      { class: 'faint key' },
      'Each block is a run: ',
      element('span', { class: 'quiet' }, '■ done by itself'),
      ' ',
      element('span', { class: 'signalled' }, '▨ after the signal round'),
      ...(shown.finished < shown.seeds ? [' ', element('span', { class: 'never' }, '■ not done')] : []),
    );
    this.picture.replaceChildren(
      distributionPicture(shown, width, ({ seed }) => this.events.open(seed)),
      legend,
    );
  }

  private table(forecast: Forecast): HTMLElement {
    const { needsSignals, finished, seeds, runs, timeLimit } = forecast;
    const row = (title: string, value: string, run: SeedRun | undefined, bad = false): HTMLElement =>
      element(
        'tr',
        {},
        element('th', { scope: 'row' }, title),
        element('td', { class: bad ? 'bad' : '' }, value),
        element('td', {}, run === undefined ? null : this.showButton(run)),
      );
    return element(
      'table',
      {},
      element('caption', {}, 'How long the load takes'),
      element(
        'tbody',
        {},
        ...landmarks(forecast).map(({ title, run }) => row(title, runText({ ...run, signalled: false }), run)),
        row(
          'Need the signal round at 15 s',
          shareText(needsSignals, seeds),
          runs.find(({ signalled }) => signalled),
        ),
        row(
          `Not done within ${timeText(timeLimit)}`,
          shareText(seeds - finished, seeds),
          runs.find(({ time }) => time === null),
          finished < seeds,
        ),
      ),
    );
  }

  private showButton(run: SeedRun): HTMLElement {
    return element(
      'button',
      {
        type: 'button',
        class: 'link',
        'aria-label': `Show the run of seed ${run.seed}`,
        title: 'Show this run task by task',
        onclick: () => this.events.open(run.seed),
      },
      `seed ${run.seed}`,
    );
  }

  private holders({ blockers, seeds, errno }: Forecast): HTMLElement[] {
    if (errno !== 0) return [];
    if (blockers.length === 0) {
      return [element('h3', {}, 'Who holds it up'), element('p', { class: 'faint' }, 'Nobody, in any run.')];
    }
    return [
      element('h3', {}, 'Who holds it up'),
      element(
        'ul',
        { class: 'holder-list' },
        ...blockers.map((blocker) => element('li', {}, this.holder(blocker, seeds))),
      ),
    ];
  }

  private holder(blocker: Blocker, seeds: number): HTMLElement {
    const { comm, tasks, reason, stack, advice } = blocker;
    const key = `${comm} ${reasonText(reason)}`;
    const details: HTMLDetailsElement = element(
      'details',
      {
        class: blocker.released,
        open: this.unfolded.has(key),
        ontoggle: () => {
          if (details.open) this.unfolded.add(key);
          else this.unfolded.delete(key);
        },
      },
      element(
        'summary',
        {},
        element('span', { class: 'comm' }, `${comm}${tasks > 1 ? ` ×${tasks}` : ''}`),
        element('span', { class: 'why' }, `${reasonText(reason)}; ${endText(blocker)}`),
        element(
          'span',
          { class: 'share' },
          element('meter', { min: 0, max: seeds, value: blocker.seeds, 'aria-hidden': 'true' }),
          `in ${shareText(blocker.seeds, seeds)} of the runs`,
        ),
      ),
      ...advice.map((thought) => element('p', { class: 'advice' }, thought)),
      stack.length === 0
        ? element('p', { class: 'faint' }, 'A running task’s stack is not looked at.')
        : stackList(stack, reason, this.images, (range) => this.events.reveal(range)),
    );
    return details;
  }

  private everyRun({ runs }: Forecast): HTMLElement[] {
    const rows = runs.map((run) =>
      element(
        'tr',
        {},
        element('th', { scope: 'row' }, this.showButton(run)),
        element('td', {}, runText({ ...run, signalled: false })),
        element('td', {}, run.signalled ? 'yes' : 'no'),
      ),
    );
    const head = ['Run', 'Done', 'Signal round'].map((title) => element('th', { scope: 'col' }, title));
    return [
      element('summary', {}, `All ${runs.length} runs as a table`),
      element('table', {}, element('thead', {}, element('tr', {}, ...head)), element('tbody', {}, ...rows)),
    ];
  }
}

function headingOf({ seeds, workload, errno }: Forecast): string {
  if (errno !== 0) return 'The kernel refuses the patch in every run';
  return `${seeds} runs on ${workload.title} (${workload.tasks} tasks)`;
}

/** "12 of 50 (24 %)". */
function shareText(part: number, whole: number): string {
  return `${part} of ${whole} (${Math.round((100 * part) / whole)} %)`;
}

/** How it ends, in a sentence's second half. */
function endText({ released, until, eintr, tasks }: Blocker): string {
  const after = until === null ? '' : ` after ${timeText(until)}`;
  const them = tasks === 1 ? 'it' : 'them';
  switch (released) {
    case 'signal':
      return `the signal round gets ${them} out${after}${eintr === null ? '' : `, ${eintr}() returns EINTR`}`;
    case 'wakes-itself':
      return `switches by itself${after}`;
    case 'kernel-exit':
      return `switches on leaving the kernel${after}`;
    case 'never':
      return `nothing gets ${them} out`;
  }
}
