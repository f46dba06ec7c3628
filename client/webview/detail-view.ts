import type { PatchImage, SourceRange } from '../../shared/src/model/index.ts';
import type { Lane, Segment } from '../../shared/src/picture/lanes.ts';
import { timeText } from '../../shared/src/simulator/time-text.ts';
import { element, icon } from './dom.ts';
import { byHoldUp, heldUp, isBlocked } from './held-up.ts';
import { type Row, taskLabel, taskRow } from './rows.ts';
import type { Run } from './run.ts';
import { stackList } from './stack-list.ts';
import { segmentAt, tally, tallyText } from './tally.ts';
import { differenceText, realText } from './verified-run.ts';
import { segmentText, taskFuture } from './words.ts';

export interface DetailEvents {
  reveal(range: SourceRange): void;
  jump(at: number): void;
  selectTask(id: number): void;
  close(): void;
}

const MOST_LIFE = 40;
const MOST_BLOCKED = 30;

const KINDS = {
  user: 'user task',
  kthread: 'kernel thread: it never returns to user space',
  io_worker: 'io_uring worker: it never returns to user space',
  idle: 'idle task of a CPU',
} as const;

/** The upper half of the details: the selected task or group, or who holds the transition up. */
export class TaskView {
  readonly element = element('div', { class: 'task' });
  private readonly events: DetailEvents;

  constructor(events: DetailEvents) {
    this.events = events;
  }

  update(run: Run, images: readonly PatchImage[], row: Row | null, at: number): void {
    const [only] = row?.lanes ?? [];
    if (row === null || only === undefined) this.element.replaceChildren(...this.everybody(run, at));
    else if (row.kind === 'task') this.element.replaceChildren(...this.task(run, images, only, at));
    else this.element.replaceChildren(...this.group(row, at));
  }

  /** Moves the focus to the heading, from where a screen reader reads on. */
  focus(): void {
    this.element.querySelector<HTMLElement>('.who')?.focus();
  }

  private everybody(run: Run, at: number): HTMLElement[] {
    return [
      heading('All tasks', null),
      element('p', { class: 'status' }, sentence(tallyText(tally(run.lanes, at)))),
      ...this.blockers(run.lanes, at),
    ];
  }

  private group(row: Row, at: number): HTMLElement[] {
    return [
      heading(row.label, () => this.events.close()),
      element('p', { class: 'status' }, sentence(tallyText(tally(row.lanes, at)))),
      ...this.blockers(row.lanes, at),
    ];
  }

  /** Whoever was blocked in this run, longest first; those that are now are marked. */
  private blockers(lanes: readonly Lane[], at: number): HTMLElement[] {
    const blocked = byHoldUp(
      lanes.filter((lane) => heldUp(lane) > 0),
      (lane) => [lane],
    );
    if (blocked.length === 0) return [];
    const items = blocked.slice(0, MOST_BLOCKED).map((lane) => {
      const now = segmentAt(lane, at);
      const segment = isBlocked(now) ? now : (lane.segments.find(isBlocked) ?? null);
      const why = segment?.reason?.kind === 'sleeping-on' ? `${segment.reason.function}(), ` : '';
      return element(
        'li',
        { class: isBlocked(now) ? 'now-blocked' : '' },
        element(
          'button',
          {
            type: 'button',
            onclick: () => {
              this.events.selectTask(lane.task.id);
              if (!isBlocked(now) && segment !== null) this.events.jump(segment.from);
            },
          },
          element('span', {}, taskLabel(lane)),
          element('span', { class: 'faint' }, segment === null ? '' : `${why}${stretch(segment)}`),
        ),
      );
    });
    const more = blocked.length - items.length;
    return [
      element('h3', {}, 'Held up in this run'),
      element(
        'ul',
        { class: 'life' },
        ...items,
        more > 0 ? element('li', { class: 'faint' }, `and ${more} more`) : null,
      ),
    ];
  }

  private task(run: Run, images: readonly PatchImage[], lane: Lane, at: number): HTMLElement[] {
    const segment = segmentAt(lane, at);
    const status = segment === null ? notAlive(lane, at) : segmentText(segment);
    const mood = segment === null ? 'rest' : isBlocked(segment) ? 'blocked' : segment.state;
    return [
      heading(taskLabel(lane), () => this.events.close()),
      element('p', { class: 'faint' }, KINDS[lane.task.kind]),
      element('p', { class: `status ${mood}` }, sentence(status)),
      ...realKernel(run, lane, at),
      ...this.stack(images, segment),
      ...this.elsewhere(lane, at),
      ...this.life(run, lane, at),
    ];
  }

  /** The stack that the last pass saw, with what blocks it marked. */
  private stack(images: readonly PatchImage[], segment: Segment | null): HTMLElement[] {
    if (segment === null || segment.stack.length === 0) return [];
    const { stack, reason } = segment;
    return [
      element('h3', {}, 'Kernel stack, innermost first'),
      stackList(stack, reason, images, (range) => this.events.reveal(range)),
    ];
  }

  /** Where to look when nothing is wrong at the cursor. */
  private elsewhere(lane: Lane, at: number): HTMLElement[] {
    if (isBlocked(segmentAt(lane, at))) return [];
    const blocked = lane.segments.find(isBlocked);
    if (blocked === undefined) return [];
    return [
      element(
        'p',
        {},
        element(
          'button',
          { type: 'button', class: 'link', onclick: () => this.events.jump(blocked.from) },
          `Blocked ${stretch(blocked)}: go there`,
        ),
      ),
    ];
  }

  private life(run: Run, lane: Lane, at: number): HTMLElement[] {
    const all = taskFuture(run.trace.events, lane.task.id, -1, MOST_LIFE);
    if (all.length === 0) {
      return [element('h3', {}, 'What happens'), element('p', { class: 'faint' }, 'Nothing more in this run.')];
    }
    const past = all.filter((entry) => entry.at <= at);
    const next = all.filter((entry) => entry.at > at);
    const items = (entries: typeof all, look: string): HTMLElement =>
      element(
        'ul',
        { class: 'life' },
        ...entries.map((entry) =>
          element(
            'li',
            {},
            element(
              'button',
              { type: 'button', class: look, onclick: () => this.events.jump(entry.at) },
              element('span', { class: 'at' }, timeText(entry.at)),
              element('span', {}, entry.text),
            ),
          ),
        ),
      );
    return [
      element('h3', {}, 'What happens next'),
      next.length > 0 ? items(next, 'next') : element('p', { class: 'faint' }, 'Nothing more in this run.'),
      ...(past.length > 0 ? [element('h3', {}, 'What happened'), items(past, 'past')] : []),
    ];
  }
}

function heading(title: string, close: (() => void) | null): HTMLElement {
  return element(
    'header',
    {},
    element('h2', { class: 'who', tabindex: -1 }, title),
    close === null
      ? null
      : element(
          'button',
          {
            type: 'button',
            class: 'tool',
            'aria-label': 'Back to all tasks',
            title: 'Back to all tasks',
            onclick: close,
          },
          icon('close'),
        ),
  );
}

/** What the task did on a real kernel, when one was asked. */
function realKernel({ laidOver }: Run, lane: Lane, at: number): HTMLElement[] {
  if (laidOver === null) return [];
  const row = taskRow(lane, 0);
  return [
    element('h3', {}, 'On the real kernel'),
    element('p', {}, sentence(realText(laidOver, row, at))),
    element('p', { class: 'faint' }, sentence(`Beside the simulator: ${differenceText(laidOver, row)}`)),
  ];
}

function notAlive(lane: Lane, at: number): string {
  const first = lane.segments[0];
  return first === undefined || at < first.from ? 'is not forked yet' : 'has exited';
}

function stretch(segment: Segment): string {
  return `${timeText(segment.from)} to ${timeText(segment.to)}`;
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}
