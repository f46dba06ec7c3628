import { element } from './dom.ts';

/** Every key of the panel, as the help lists them. */
export const KEYS: readonly (readonly [keys: string, what: string])[] = [
  ['Space', 'play, pause'],
  ['← →', 'move the time; with Shift ten times as far'],
  [', .', 'previous, next event'],
  ['Home End', 'start, end of the run'],
  ['↑ ↓', 'choose a task'],
  ['Enter', 'unfold a group; go to a task’s details'],
  ['Escape', 'back to all tasks'],
  ['+ - 0', 'zoom in, out, show the whole run'],
  ['t', 'timeline or table'],
  ['r', 'every run of the forecast'],
  ['m', 'compare consistency models'],
  ['p', 'compare replace policies'],
  ['/', 'show only some tasks'],
  ['?', 'these keys'],
];

/** The list of keys, as a dialog. */
export class HelpView {
  readonly element: HTMLDialogElement;

  constructor() {
    this.element = element(
      'dialog',
      { class: 'help', 'aria-label': 'Keys' },
      element('h2', {}, 'Keys'),
      element('dl', {}, ...KEYS.flatMap(([keys, what]) => [element('dt', {}, keys), element('dd', {}, what)])),
      element('p', {}, 'Drag over the bars to move the time. Ctrl and the wheel zoom, Shift and the wheel move along.'),
      element('button', { type: 'button', onclick: () => this.element.close() }, 'Close'),
    );
  }

  toggle(): void {
    if (this.element.open) this.element.close();
    else this.element.showModal();
  }
}
