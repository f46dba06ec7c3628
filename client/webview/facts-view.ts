import type { PatchImage } from '../../shared/src/model/index.ts';
import { stateAt } from '../../shared/src/simulator/replay.ts';
import { timeText } from '../../shared/src/simulator/time-text.ts';
import type { TraceEvent } from '../../shared/src/simulator/trace.ts';
import type { Workload } from '../../shared/src/simulator/workload.ts';
import { loadedModules, possibleActions } from './actions.ts';
import type { ActionsView } from './actions-view.ts';
import type { TaskView } from './detail-view.ts';
import { element, text } from './dom.ts';
import { type Look, selectedRow } from './look.ts';
import { MachineView } from './machine-view.ts';
import type { Row } from './rows.ts';
import type { Run } from './run.ts';
import type { TableView } from './table-view.ts';
import { tally, tallyText } from './tally.ts';

/** A screen reader is told this seldom while the run plays, in milliseconds. */
const SPEAK_EVERY = 3000;

/** What the facts are of. */
export interface FactsData {
  readonly run: Run;
  readonly look: Look;
  readonly rows: readonly Row[];
  readonly images: readonly PatchImage[];
  readonly workload: Workload;
  readonly playing: boolean;
}

/** Everything that changes only when something happens in the run: none of it is made anew between two events. */
export class FactsView {
  /** One sentence on all tasks. */
  readonly now: HTMLElement;
  readonly machine: MachineView;
  /** Beside the tasks: the selected one, and what the machine is like. */
  readonly detail: HTMLElement;
  private readonly task: TaskView;
  private readonly actions: ActionsView;
  private readonly table: TableView;
  private shown: readonly unknown[] = [];
  private spoken = 0;

  /** `jump` puts the cursor at a time. */
  constructor(task: TaskView, actions: ActionsView, table: TableView, now: HTMLElement, jump: (at: number) => void) {
    this.machine = new MachineView(jump);
    this.detail = element('aside', { class: 'detail', 'aria-label': 'Details' }, task.element, this.machine.element);
    this.now = now;
    this.task = task;
    this.actions = actions;
    this.table = table;
  }

  update(data: FactsData): void {
    const { run, look, rows, images } = data;
    this.actions.cursor(look.cursor);
    if (!data.playing || performance.now() - this.spoken > SPEAK_EVERY) {
      this.spoken = performance.now();
      text(this.now, `${timeText(look.cursor)}: ${tallyText(tally(run.lanes, look.cursor))}.`);
    }
    const shown = [run, eventsUntil(run.trace.events, look.cursor), look.selected, look.table, rows];
    if (shown.every((value, index) => value === this.shown[index])) return;
    this.shown = shown;
    const row = selectedRow(look, rows, run);
    const state = stateAt(run.trace, look.cursor);
    const modules = loadedModules(data.workload, run.trace, look.cursor);
    this.actions.update(possibleActions({ images, sysfs: state.sysfs, modules }), run.trace);
    const [only] = row?.kind === 'task' ? row.lanes : [];
    const task = state.tasks.find((each) => each.task.id === only?.task.id);
    this.machine.update(
      {
        functions: state.funcStacks,
        sysfs: state.sysfs,
        patchState: task?.patchState ?? null,
      },
      run.trace,
    );
    this.task.update(run, images, row, look.cursor);
    if (look.table) this.table.update(rows, look.cursor, run.laidOver);
  }
}

/** How many events happened before or at `at`. */
function eventsUntil(events: readonly TraceEvent[], at: number): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((events[middle] as TraceEvent).at <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}
