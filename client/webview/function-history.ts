import { type UnfixedTime, unfixedTimes } from '../../shared/src/comparison/unfixed.ts';
import {
  type Version,
  type VersionHistory,
  type VersionSpan,
  versionHistories,
} from '../../shared/src/comparison/version-history.ts';
import { timeText } from '../../shared/src/simulator/time-text.ts';
import type { Trace } from '../../shared/src/simulator/trace.ts';
import { element } from './dom.ts';

/** Kinds of times that are listed; a run has few. */
const MOST_LINES = 40;

/** A time in which a function's stack of replacements stays the same. Microseconds. */
interface Phase {
  readonly from: number;
  readonly to: number;
  readonly stack: VersionSpan['stack'];
  readonly first: VersionSpan['runs'];
  readonly last: VersionSpan['runs'];
}

/** How each function's versions came and went over the whole run, and whether a fixed one ever ran unfixed. */
export class FunctionHistory {
  readonly element: HTMLElement;
  private readonly jump: (at: number) => void;
  private readonly body = element('div');
  private shown: Trace | null = null;
  private readonly details: HTMLDetailsElement;

  /** `jump` puts the cursor at a time. */
  constructor(jump: (at: number) => void) {
    this.jump = jump;
    this.details = element('details', {}, element('summary', {}, 'Versions over the whole run'), this.body);
    // Reading a trace of thousands of tasks takes a moment: only for who looks at it.
    this.details.addEventListener('toggle', () => this.fill());
    this.element = element('div', { class: 'function-history' }, this.details);
  }

  update(trace: Trace): void {
    if (trace === this.shown) return;
    this.shown = trace;
    this.fill();
  }

  private fill(): void {
    if (!this.details.open || this.shown === null) return;
    const trace = this.shown;
    const unfixed = unfixedTimes(trace);
    this.body.replaceChildren(
      element('p', { class: unfixed.length === 0 ? 'status new' : 'status blocked' }, unfixedText(unfixed)),
      ...versionHistories(trace).flatMap((history) => this.history(history)),
    );
  }

  private history(history: VersionHistory): HTMLElement[] {
    const { object, function: name } = history;
    const lines = phases(history)
      .slice(0, MOST_LINES)
      .map((phase) =>
        element(
          'li',
          {},
          element(
            'button',
            { type: 'button', onclick: () => this.jump(phase.from) },
            element('span', { class: 'at' }, `${timeText(phase.from)} to ${timeText(phase.to)}`),
            element('span', {}, `${stackText(phase.stack)}: ${runsText(phase)}`),
          ),
        ),
      );
    return [
      element('h4', {}, object === 'vmlinux' ? `${name}()` : `${name}() of ${object}`),
      element('ul', { class: 'life' }, ...lines),
    ];
  }
}

function phases({ spans }: VersionHistory): Phase[] {
  const out: Phase[] = [];
  for (const { from, to, stack, runs } of spans) {
    const open = out.at(-1);
    if (open !== undefined && open.stack === stack) out[out.length - 1] = { ...open, to, last: runs };
    else out.push({ from, to, stack, first: runs, last: runs });
  }
  return out;
}

/** `fixed_open over original`. */
function stackText(stack: VersionSpan['stack']): string {
  const names = stack.map(({ newFunc, nop, patch }) => (nop ? `original (nop of ${patch})` : newFunc));
  return [...names, 'original'].filter((name, index, all) => name !== all[index + 1]).join(' over ');
}

/** `118 → 0 tasks run the original, 0 → 118 fixed_open`. */
function runsText({ first, last }: Phase): string {
  const versions = new Map([...first, ...last].map(({ version }) => [versionText(version), version]));
  const tasks = (runs: VersionSpan['runs'], name: string): number =>
    runs.find(({ version }) => versionText(version) === name)?.tasks ?? 0;
  return [...versions.keys()]
    .map((name) => {
      const [before, after] = [tasks(first, name), tasks(last, name)];
      return `${before === after ? after : `${before} → ${after}`} ${after === 1 && before === after ? 'task runs' : 'tasks run'} ${name}`;
    })
    .join(', ');
}

const versionText = (version: Version): string => (version === 'original' ? 'the original' : version.newFunc);

function unfixedText(times: readonly UnfixedTime[]): string {
  if (times.length === 0) return 'No function that was fixed ever runs unfixed in this run.';
  return times
    .map(({ function: name, from, to, tasks }) => {
      const until = to === null ? 'to the end' : `to ${timeText(to)}`;
      return `${name}() was fixed and runs unfixed from ${timeText(from)} ${until}, in up to ${tasks} ${tasks === 1 ? 'task' : 'tasks'}.`;
    })
    .join(' ');
}
