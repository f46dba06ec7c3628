import type { PanelState, Sheet } from '../../shared/src/panel-messages.ts';
import { filterGroups } from './filter.ts';
import { type Folds, type Row, rowOfTask, taskRow, visibleRows } from './rows.ts';
import type { Run } from './run.ts';
import { pairOf } from './verified-run.ts';
import { type View, wholeRun } from './view.ts';

/** What of a run is looked at. Plain values, replaced as a whole. */
export interface Look {
  /** Microseconds. */
  readonly cursor: number;
  /** Id of the selected row. */
  readonly selected: string | null;
  readonly folds: Folds;
  /** Null shows the whole run, however long it is. */
  readonly view: View | null;
  /** Tasks as a table instead of the timeline. */
  readonly table: boolean;
  /** What stands in the place of the tasks; null for the tasks. */
  readonly sheet: Sheet | null;
  /** Only tasks that fit these words are shown. */
  readonly filter: string;
}

export function keptLook(kept: PanelState | undefined): Look {
  return {
    cursor: kept?.cursor ?? 0,
    selected: kept?.selected ?? null,
    folds: kept?.folds ?? {},
    view: kept?.view ?? null,
    table: kept?.table ?? false,
    sheet: kept?.sheet ?? null,
    filter: kept?.filter ?? '',
  };
}

/** Moves into a run what would be outside of it: another run may be shorter, or lack the selected task. */
export function fitLook(look: Look, run: Run): Look {
  const { end } = run.trace;
  const gone = look.selected?.startsWith('task:') && findTask(run, look.selected) === undefined;
  return {
    ...look,
    cursor: Math.round(Math.min(Math.max(look.cursor, 0), end)),
    view: look.view !== null && look.view.from >= end ? null : look.view,
    selected: gone ? null : look.selected,
  };
}

/** The rows of a run, by what is folded and filtered. */
export function shownRows({ groups, trace, laidOver }: Run, { folds, filter }: Look): Row[] {
  const rows = visibleRows(filterGroups(groups, filter), folds, trace.end);
  if (laidOver === null) return rows;
  // Process ids differ between simulator and kernel.
  return rows.map((row) =>
    pairOf(laidOver.pairs, row) === null ? row : { ...row, label: row.lanes[0]?.task.comm ?? '' },
  );
}

export function shownView(look: Look, end: number): View {
  return look.view ?? wholeRun(end);
}

/** The same view, null when it is all of the run: it then grows with the next run. */
export function asView(view: View, end: number): View | null {
  const whole = wholeRun(end);
  return view.from <= whole.from && view.to >= whole.to ? null : view;
}

/** The selected row, also when its group is folded. */
export function selectedRow(look: Look, rows: readonly Row[], run: Run): Row | null {
  const row = rows.find(({ id }) => id === look.selected);
  if (row !== undefined) return row;
  const lane = look.selected === null ? undefined : findTask(run, look.selected);
  return lane === undefined ? null : taskRow(lane, 0);
}

/** The folds with which a task's row can be seen. */
export function unfoldTask(look: Look, run: Run, id: number): Folds {
  const { groups, trace } = run;
  let { folds } = look;
  // Two levels at most: its group, and those that do the same.
  for (let level = 0; level < 2; level++) {
    const rows = visibleRows(groups, folds, trace.end);
    if (rows.some((row) => row.id === rowOfTask(id))) break;
    const around = rows.findLast((row) => row.expanded === false && row.lanes.some(({ task }) => task.id === id));
    if (around === undefined) break;
    folds = { ...folds, [around.id]: true };
  }
  return folds;
}

function findTask(run: Run, row: string): Run['lanes'][number] | undefined {
  return run.lanes.find(({ task }) => rowOfTask(task.id) === row);
}
