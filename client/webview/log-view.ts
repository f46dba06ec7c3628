import { attribute, element, text } from './dom.ts';
import { type LogLine, linesUntil, logLines } from './log-lines.ts';
import type { Run } from './run.ts';
import type { LaidOver } from './verified-run.ts';
import { logTime } from './words.ts';

/** The kernel log, with what was done and which callbacks ran between its lines. A click goes to a line's moment. */
export class LogView {
  readonly element: HTMLElement;
  private readonly list: HTMLElement;
  private readonly note = element('span', { class: 'note' });
  private readonly debug: HTMLInputElement;
  private readonly jump: (at: number) => void;
  private run: Run | null = null;
  private lines: readonly LogLine[] = [];
  private at = 0;
  private past = -1;

  /** `jump` puts the cursor at a time. */
  constructor(jump: (at: number) => void) {
    this.jump = jump;
    this.list = element('ol', { class: 'log-lines' });
    this.debug = element('input', { type: 'checkbox', onchange: () => this.showLines() });
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

  /** `at` is the cursor's time. */
  update(run: Run, at: number): void {
    this.at = at;
    if (this.run === run) this.dim();
    else {
      this.run = run;
      const { trace, laidOver } = run;
      const whose = laidOver === null ? `predicted for Linux ${trace.options.kernel}` : laidOverText(laidOver);
      text(this.note, `${whose}; choose a line to go to its moment`);
      this.showLines();
    }
  }

  private showLines(): void {
    if (this.run === null) return;
    const { trace, laidOver } = this.run;
    const lines = laidOver?.log ?? logLines(trace, this.debug.checked);
    this.lines = lines;
    this.past = -1;
    this.list.replaceChildren(
      ...lines.map((line) =>
        element(
          'li',
          { class: `${line.kind}${line.level === null ? '' : ` level-${line.level}`}` },
          element(
            'button',
            { type: 'button', onclick: () => this.jump(line.at) },
            element('span', { class: 'at' }, logTime(line.at)),
            element('span', { class: 'line' }, line.text),
          ),
        ),
      ),
    );
    this.dim();
  }

  /** Lines after the cursor are dimmed; the last one before it stays in sight. */
  private dim(): void {
    const past = linesUntil(this.lines, this.at);
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
}

function laidOverText({ verified }: LaidOver): string {
  return `of the simulator and of Linux ${verified.release}; what only one has says so`;
}
