import { type ComparisonEvents, ComparisonView } from './comparison-view.ts';
import { attribute, element } from './dom.ts';
import { Legend } from './legend.ts';
import type { Look } from './look.ts';
import { MinimapView } from './minimap-view.ts';
import { type PoliciesEvents, PoliciesView } from './policies-view.ts';
import type { Row } from './rows.ts';
import type { Run } from './run.ts';
import { type RunsEvents, RunsView } from './runs-view.ts';
import type { Session } from './session.ts';
import { TableView } from './table-view.ts';
import { type TimelineEvents, TimelineView } from './timeline-view.ts';
import type { View } from './view.ts';

export interface StageEvents extends TimelineEvents {
  /** Puts a time into the middle of the view. */
  centre(at: number): void;
  /** A line of the table was chosen. */
  openRow(row: Row): void;
  openModel: ComparisonEvents['open'];
  varyModel: ComparisonEvents['vary'];
  openRun: RunsEvents['open'];
  toggleInstalled: PoliciesEvents['toggle'];
  reveal: RunsEvents['reveal'];
}

export interface StageData {
  readonly look: Look;
  readonly rows: readonly Row[];
  readonly run: Run;
  readonly view: View;
  readonly end: number;
}

/** The large part of the page, one at a time: tasks over time, tasks as a table, or a sheet of something else. */
export class StageView {
  readonly element: HTMLElement;
  readonly timeline: TimelineView;
  readonly table: TableView;
  readonly comparison: ComparisonView;
  readonly runs: RunsView;
  readonly policies: PoliciesView;
  private readonly minimap: MinimapView;
  private readonly legend = new Legend();

  /** `now` is the line of words under it. */
  constructor(events: StageEvents, now: HTMLElement) {
    this.timeline = new TimelineView(events);
    this.minimap = new MinimapView((at) => events.centre(at));
    this.table = new TableView((row) => events.openRow(row));
    this.comparison = new ComparisonView({
      open: (row) => events.openModel(row),
      vary: (row, variant, value) => events.varyModel(row, variant, value),
    });
    this.runs = new RunsView({ open: (seed) => events.openRun(seed), reveal: (range) => events.reveal(range) });
    this.policies = new PoliciesView({ toggle: (key) => events.toggleInstalled(key) });
    this.element = element(
      'section',
      { class: 'stage', 'aria-label': 'Tasks' },
      this.timeline.element,
      this.minimap.element,
      this.table.element,
      this.runs.element,
      this.comparison.element,
      this.policies.element,
      element('div', { class: 'under' }, now, this.legend.element),
    );
  }

  /** Which of them is to be seen. */
  showParts({ table, sheet }: Look): void {
    const away = sheet !== null;
    const models = sheet === 'models';
    attribute(this.element, 'data-sheet', sheet);
    this.timeline.element.hidden = table || away;
    this.minimap.element.hidden = table || away;
    this.legend.element.hidden = away ? !models : table;
    this.table.element.hidden = !table || away;
    this.runs.element.hidden = sheet !== 'runs';
    this.policies.element.hidden = sheet !== 'policies';
    this.comparison.element.hidden = !models;
    this.legend.forModels(models);
  }

  /** What the sheets show is made, or changed. */
  showSheets(session: Session): void {
    this.runs.show(session);
    this.comparison.show(session);
    this.policies.show(session.policies);
  }

  /** The table is updated with the facts: it changes only when something happens. */
  update({ look, rows, run, view, end }: StageData): void {
    if (look.table || look.sheet !== null) return;
    const { cursor, selected } = look;
    const { lanes, marks, laidOver } = run;
    this.legend.forVerified(laidOver);
    this.timeline.update({ rows, view, end, cursor, selected, marks, laidOver });
    this.minimap.update({ lanes, marks, view, end, cursor });
  }

  /** There is another run, or another theme: what is drawn on canvases is drawn anew. */
  paintLegend(): void {
    this.legend.paint();
  }

  restyle(): void {
    this.timeline.restyle();
    this.minimap.restyle();
    this.comparison.restyle();
    this.legend.paint();
  }
}
