import { attribute, element, text } from './dom.ts';
import { type LogLine, linesUntil } from './log-lines.ts';
import { logTime } from './words.ts';

export interface LogEvents {
  jump(at: number): void;
  debug(on: boolean): void;
}

/** The kernel log, with what was done and which callbacks ran between its lines. A click goes to a line's moment. */
export class LogView {
  readonly element: HTMLElement;
  private readonly list: HTMLElement;
  private readonly note = element('span', { class: 'note' });
  private readonly debug: HTMLInputElement;
  private readonly events: LogEvents;
  private lines: readonly LogLine[] = [];
  private past = -1;

  constructor(events: LogEvents) {
    this.events = events;
    this.list = element('ol', { class: 'log-lines' });
    this.debug = element('input', { type: 'checkbox', onchange: () => events.debug(this.debug.checked) });
    this.element = element(
      'section',
      { class: 'log', 'aria-label': 'Kernel log', tabindex: -1 },
      element(
        'header',
        {},
        element('h2', {}, 'Kernel log'),
        this.note,
        element(
          'label',
          { class: 'check', title: 'Lines that the kernel prints only with dynamic debug on' },
          this.debug,
          'debug lines',
        ),
      ),
      this.list,
    );
  }

  update(lines: readonly LogLine[], kernel: string): void {
    text(this.note, `predicted for Linux ${kernel}; choose a line to go to its moment`);
    if (this.lines === lines) return;
    this.lines = lines;
    this.past = -1;
    this.list.replaceChildren(
      ...lines.map((line) =>
        element(
          'li',
          { class: `${line.kind}${line.level === null ? '' : ` level-${line.level}`}` },
          element(
            'button',
            { type: 'button', onclick: () => this.events.jump(line.at) },
            element('span', { class: 'at' }, logTime(line.at)),
            element('span', { class: 'line' }, line.text),
          ),
        ),
      ),
    );
  }

  /** Lines after the cursor are dimmed; the last one before it stays in sight. */
  cursor(at: number): void {
    const past = linesUntil(this.lines, at);
    if (past === this.past) return;
    this.past = past;
    const items = this.list.children;
    for (let index = 0; index < items.length; index++) {
      const item = items[index] as HTMLElement;
      item.classList.toggle('future', index >= past);
      attribute(item, 'aria-current', index === past - 1 ? 'true' : null);
    }
    const current = items[past - 1] as HTMLElement | undefined;
    // scrollIntoView() would move the page as well.
    if (current === undefined) this.list.scrollTop = 0;
    else {
      const bottom = current.offsetTop + current.offsetHeight - this.list.offsetTop;
      const top = current.offsetTop - this.list.offsetTop;
      if (bottom > this.list.scrollTop + this.list.clientHeight) this.list.scrollTop = bottom - this.list.clientHeight;
      else if (top < this.list.scrollTop) this.list.scrollTop = top;
    }
  }

  showDebug(on: boolean): void {
    this.debug.checked = on;
  }
}
