import { timeText } from '../../shared/src/simulator/time-text.ts';
import type { Trace } from '../../shared/src/simulator/trace.ts';
import type { PossibleAction } from './actions.ts';
import { element, icon, text } from './dom.ts';
import { stepLabel } from './run.ts';
import { errnoText, shellText } from './words.ts';

export interface ActionsEvents {
  act(action: PossibleAction): void;
  jump(at: number): void;
  /** `index` of the action, the load at the start not counted. */
  remove(index: number): void;
  clear(): void;
}

/** What can be done at the cursor, and what was done in this run. */
export class ActionsView {
  readonly element: HTMLElement;
  private readonly when = element('span', { class: 'when' });
  private readonly buttons = element('span', { class: 'group' });
  private readonly done = element('span', { class: 'done' });
  private readonly events: ActionsEvents;
  private shown = '';
  private shownTrace: Trace | null = null;

  constructor(events: ActionsEvents) {
    this.events = events;
    this.element = element(
      'section',
      { class: 'actions', 'aria-label': 'What to do at this time' },
      this.when,
      this.buttons,
      this.done,
    );
  }

  /** Actions are done at the cursor. */
  cursor(at: number): void {
    text(this.when, `At ${timeText(at)}:`);
  }

  update(possible: readonly PossibleAction[], trace: Trace): void {
    const key = JSON.stringify(possible);
    if (key !== this.shown) {
      this.shown = key;
      this.buttons.replaceChildren(
        ...possible.map((action) =>
          element(
            'button',
            { type: 'button', class: 'do', title: action.title, onclick: () => this.events.act(action) },
            action.label,
          ),
        ),
      );
    }
    if (trace !== this.shownTrace) {
      this.shownTrace = trace;
      this.showDone(trace);
    }
  }

  private showDone(trace: Trace): void {
    const chips: HTMLElement[] = [];
    let index = -1;
    for (const event of trace.events) {
      if (event.type !== 'step') continue;
      const position = index++;
      if (position < 0) continue;
      const failed = event.errno !== 0;
      const result = failed ? `: ${errnoText(event.errno).split(',')[0]}` : '';
      chips.push(
        element(
          'span',
          { class: failed ? 'chip failed' : 'chip', title: `${shellText(event.step)}${result}` },
          element(
            'button',
            { type: 'button', onclick: () => this.events.jump(event.at) },
            `${stepLabel(event.step)} at ${timeText(event.at)}${result}`,
          ),
          element(
            'button',
            {
              type: 'button',
              class: 'remove',
              'aria-label': `Undo ${stepLabel(event.step)} at ${timeText(event.at)}`,
              title: 'Undo',
              onclick: () => this.events.remove(position),
            },
            icon('close'),
          ),
        ),
      );
    }
    if (chips.length > 1) {
      chips.push(element('button', { type: 'button', class: 'link', onclick: () => this.events.clear() }, 'Undo all'));
    }
    this.done.replaceChildren(...chips);
  }
}
