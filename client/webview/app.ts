import type { HostToPanel, PanelState } from '../../shared/src/panel-messages.ts';
import { timeText } from '../../shared/src/picture/time-text.ts';
import { stateAt } from '../../shared/src/simulator/replay.ts';
import type { TraceEvent } from '../../shared/src/simulator/trace.ts';
import { WORKLOADS, workloadById } from '../../shared/src/simulator/workloads/index.ts';
import { loadedModules, type PossibleAction, possibleActions } from './actions.ts';
import { ActionsView } from './actions-view.ts';
import { TaskView } from './detail-view.ts';
import { element, text } from './dom.ts';
import { HelpView } from './help-view.ts';
import { host } from './host.ts';
import { type Command, commandOf } from './keys.ts';
import { Legend } from './legend.ts';
import { type LogLine, logLines } from './log-lines.ts';
import { LogView } from './log-view.ts';
import { MachineView } from './machine-view.ts';
import { neighbour } from './moments.ts';
import { Player } from './player.ts';
import { type Folds, type Row, taskRow, visibleRows } from './rows.ts';
import { addAction, type Run } from './run.ts';
import { Session } from './session.ts';
import { TableView } from './table-view.ts';
import { tally, tallyText } from './tally.ts';
import { TimelineView } from './timeline-view.ts';
import { Toolbar } from './toolbar.ts';
import { VerdictView } from './verdict-view.ts';
import { pan, reveal, type View, wholeRun, zoom } from './view.ts';

/** Kernels that the simulator knows, newest first. */
const KERNELS = ['6.12', '6.1'];
const KEEP_DELAY = 200;
/** A screen reader is told this seldom while the run plays, in milliseconds. */
const SPEAK_EVERY = 3000;

interface ShownFacts {
  readonly run: Run | null;
  readonly seen: number;
  readonly selected: string | null;
  readonly rows: readonly Row[];
}

const NOTHING_SHOWN: ShownFacts = { run: null, seen: -1, selected: null, rows: [] };

/** The page: what is looked at (time, row, folds, view), and every view of it. */
export class App {
  private readonly session: Session;
  private readonly player: Player;
  private readonly toolbar: Toolbar;
  private readonly verdict = new VerdictView();
  private readonly actions: ActionsView;
  private readonly timeline: TimelineView;
  private readonly table: TableView;
  private readonly legend = new Legend();
  private readonly task: TaskView;
  private readonly machine = new MachineView();
  private readonly log: LogView;
  private readonly help = new HelpView();
  private readonly now = element('p', { class: 'now', role: 'status' });
  private readonly failure = element('p', { class: 'failure', role: 'alert', hidden: true });
  private readonly notice = element('p', { class: 'notice', role: 'status' }, 'Waiting for the module…');
  private readonly main: HTMLElement;

  private cursor = 0;
  private selected: string | null = null;
  private folds: Folds;
  /** Null shows the whole run. */
  private view: View | null;
  private asTable: boolean;
  private debug = false;
  private rows: readonly Row[] = [];
  private lines: readonly LogLine[] = [];
  private shownFacts: ShownFacts = NOTHING_SHOWN;
  private keeping: ReturnType<typeof setTimeout> | null = null;
  private spoken = 0;

  constructor(root: HTMLElement, kept: PanelState | undefined) {
    this.cursor = kept?.cursor ?? 0;
    this.selected = kept?.selected ?? null;
    this.folds = kept?.folds ?? {};
    this.view = kept?.view ?? null;
    this.asTable = kept?.table ?? false;
    this.session = new Session(
      {
        run: () => this.showRun(),
        forecast: () => this.showForecast(),
        failed: (message) => this.fail(message),
      },
      kept,
    );
    this.player = new Player((elapsed) => this.playOn(elapsed));
    this.player.speed = kept?.speed ?? this.player.speed;
    this.toolbar = new Toolbar({
      play: () => this.run({ do: 'play' }),
      moment: (direction) => this.run({ do: 'moment', direction }),
      start: () => this.run({ do: 'start' }),
      speed: (value) => {
        this.player.speed = value;
        this.keep();
      },
      patch: (value) => this.session.choose({ patch: value }),
      workload: (value) => this.session.choose({ workload: workloadById(value) ?? this.session.workload }),
      kernel: (kernel) => this.session.choose({ kernel }),
      seed: (value) => this.session.choose({ chosenSeed: value }),
      typical: () => this.session.choose({ chosenSeed: null }),
      table: () => this.run({ do: 'table' }),
      zoom: (factor) => this.run({ do: 'zoom', factor }),
      help: () => this.run({ do: 'help' }),
    });
    this.actions = new ActionsView({
      act: (action) => this.act(action),
      jump: (at) => this.moveTo(at),
      remove: (index) => this.session.act(this.session.actions.filter((_, position) => position !== index)),
      clear: () => this.session.act([]),
    });
    this.timeline = new TimelineView({
      scrub: (at) => this.moveTo(at),
      select: (row) => this.select(row.id),
      fold: (row) => this.fold(row),
      zoom: (factor, at) => this.setView(zoom(this.shownView(), factor, at, this.end)),
      pan: (share) => this.setView(pan(this.shownView(), share, this.end)),
    });
    this.table = new TableView((row) => {
      this.select(row.id);
      if (row.expanded !== null) this.fold(row);
      else this.task.focus();
    });
    this.task = new TaskView({
      reveal: (range) => host.postMessage({ type: 'reveal', range }),
      jump: (at) => this.moveTo(at),
      selectTask: (id) => this.selectTask(id),
      close: () => this.select(null),
    });
    this.log = new LogView({
      jump: (at) => this.moveTo(at),
      debug: (on) => {
        this.debug = on;
        this.showLog();
      },
    });
    this.main = element(
      'main',
      { class: 'content' },
      element(
        'section',
        { class: 'stage', 'aria-label': 'Tasks' },
        this.timeline.element,
        this.table.element,
        element('div', { class: 'under' }, this.now, this.legend.element),
      ),
      element('aside', { class: 'detail', 'aria-label': 'Details' }, this.task.element, this.machine.element),
    );
    root.append(
      this.toolbar.element,
      this.verdict.element,
      this.failure,
      this.notice,
      this.actions.element,
      this.main,
      this.log.element,
      this.help.element,
    );
    this.showParts();
    document.addEventListener('keydown', (event) => this.key(event));
  }

  receive(message: HostToPanel): void {
    switch (message.type) {
      case 'images':
        this.failure.hidden = true;
        document.title = `Livepatch simulation: ${message.title}`;
        this.session.receive(message);
        break;
      case 'nothing':
        this.player.pause();
        this.session.clear();
        text(this.notice, message.why);
        this.showParts();
        break;
      case 'show':
        if (message.part === 'log') this.log.element.focus();
        else if (message.part === 'sysfs') this.machine.element.scrollIntoView({ block: 'nearest' });
        else this.timeline.focus();
        break;
    }
  }

  /** The editor's theme changed. */
  restyle(): void {
    this.timeline.restyle();
    this.legend.paint();
  }

  private get end(): number {
    return this.session.run?.trace.end ?? 0;
  }

  private shownView(): View {
    return this.view ?? wholeRun(this.end);
  }

  private showParts(): void {
    const nothing = this.session.run === null;
    this.notice.hidden = !nothing;
    for (const part of [this.toolbar, this.verdict, this.actions, this.log]) part.element.hidden = nothing;
    this.main.hidden = nothing;
    this.timeline.element.hidden = this.asTable;
    this.legend.element.hidden = this.asTable;
    this.table.element.hidden = !this.asTable;
  }

  private showRun(): void {
    const { run } = this.session;
    if (run === null) return;
    this.failure.hidden = true;
    this.cursor = Math.min(this.cursor, run.trace.end);
    if (this.view !== null && this.view.from >= run.trace.end) this.view = null;
    if (this.selected?.startsWith('task:') && !run.lanes.some((lane) => `task:${lane.task.id}` === this.selected)) {
      this.selected = null;
    }
    this.showParts();
    this.lines = logLines(run.trace, this.debug);
    this.layOut();
    this.showCursor();
    this.legend.paint();
    this.showVerdict();
    this.report();
  }

  private showLog(): void {
    const { run } = this.session;
    if (run === null) return;
    this.lines = logLines(run.trace, this.debug);
    this.log.update(this.lines, run.trace.options.kernel);
    this.log.cursor(this.cursor);
  }

  private showForecast(): void {
    this.showVerdict();
    if (!this.session.forecasting) this.report();
  }

  private showVerdict(): void {
    const { forecast, forecasting, actions } = this.session;
    this.verdict.update(forecast ?? 'Simulating…', { stale: forecasting, acted: actions.length > 0 });
  }

  /** Rows from groups and folds. */
  private layOut(): void {
    this.rows = visibleRows(this.session.run?.groups ?? [], this.folds, this.end);
  }

  /** Everything that depends on time, row or view. */
  private showCursor(): void {
    const { run } = this.session;
    if (run === null) return;
    const { cursor } = this;
    if (!this.asTable) {
      this.timeline.update({
        rows: this.rows,
        view: this.shownView(),
        end: run.trace.end,
        cursor,
        selected: this.selected,
        marks: run.marks,
      });
    }
    this.showToolbar();
    this.actions.cursor(cursor);
    this.log.update(this.lines, run.trace.options.kernel);
    this.log.cursor(cursor);
    this.showFacts(run);
    this.keep();
  }

  /** What changes only when something happens: nothing of it is made anew between two events. */
  private showFacts(run: Run): void {
    const { cursor, selected, rows } = this;
    const seen = eventsUntil(run.trace.events, cursor);
    const shown = this.shownFacts;
    const words = `${timeText(cursor)}: ${tallyText(tally(run.lanes, cursor))}.`;
    if (!this.player.playing || performance.now() - this.spoken > SPEAK_EVERY) {
      this.spoken = performance.now();
      text(this.now, words);
    }
    if (shown.run === run && shown.seen === seen && shown.selected === selected && shown.rows === rows) return;
    this.shownFacts = { run, seen, selected, rows };
    const row = rows.find(({ id }) => id === selected) ?? this.foldedRow(run);
    const state = stateAt(run.trace, cursor);
    this.actions.update(
      possibleActions({
        images: this.session.images,
        sysfs: state.sysfs,
        modules: loadedModules(this.session.workload, run.trace, cursor),
      }),
      run.trace,
    );
    const [only] = row?.kind === 'task' ? row.lanes : [];
    this.machine.update({
      functions: state.funcStacks,
      sysfs: state.sysfs,
      patchState:
        only === undefined ? null : (state.tasks.find(({ task }) => task.id === only.task.id)?.patchState ?? null),
    });
    this.task.update(run, this.session.images, row, cursor);
    if (this.asTable) this.table.update(rows, cursor);
  }

  /** The selected task when its group is folded. */
  private foldedRow(run: Run): Row | null {
    const lane = run.lanes.find(({ task }) => `task:${task.id}` === this.selected);
    return lane === undefined ? null : taskRow(lane, 0);
  }

  private showToolbar(): void {
    const { session } = this;
    this.toolbar.update({
      playing: this.player.playing,
      cursor: this.cursor,
      end: this.end,
      speed: this.player.speed,
      patches: session.images.map(({ variable, module }) => ({
        value: variable ?? '',
        title: variable ?? module,
      })),
      patch: session.patch ?? '',
      workloads: WORKLOADS.map(({ id, title }) => ({ value: id, title })),
      workload: session.workload.id,
      kernels: KERNELS.map((kernel) => ({ value: kernel, title: `Linux ${kernel}` })),
      kernel: session.kernel,
      seed: session.seed,
      typical: session.chosenSeed === null,
      table: this.asTable,
    });
  }

  private moveTo(at: number): void {
    this.cursor = Math.round(Math.min(Math.max(at, 0), this.end));
    if (this.view !== null) this.view = reveal(this.view, this.cursor, this.end);
    this.showCursor();
  }

  private playOn(elapsed: number): void {
    if (this.cursor + elapsed >= this.end) this.player.pause();
    this.moveTo(this.cursor + elapsed);
  }

  private setView(view: View): void {
    const whole = wholeRun(this.end);
    this.view = view.from <= whole.from && view.to >= whole.to ? null : view;
    this.showCursor();
  }

  private select(id: string | null): void {
    this.selected = id;
    this.showCursor();
    if (id !== null) this.timeline.showRow(id);
  }

  /** Unfolds what hides the task's row. */
  private selectTask(id: number): void {
    const wanted = `task:${id}`;
    for (let depth = 0; depth < 2 && !this.rows.some((row) => row.id === wanted); depth++) {
      const around = this.rows.findLast(
        (row) => row.expanded === false && row.lanes.some((lane) => lane.task.id === id),
      );
      if (around === undefined) break;
      this.folds = { ...this.folds, [around.id]: true };
      this.layOut();
    }
    this.select(wanted);
  }

  private fold(row: Row): void {
    if (row.expanded === null) return;
    this.folds = { ...this.folds, [row.id]: !row.expanded };
    this.layOut();
    this.showCursor();
  }

  private act({ action }: PossibleAction): void {
    this.player.pause();
    this.session.act(addAction(this.session.actions, { ...action, at: this.cursor }));
  }

  private key(event: KeyboardEvent): void {
    if (this.session.run === null || this.help.element.open) return;
    const target = event.target instanceof Element ? event.target : null;
    // Fields and lists have keys of their own; buttons need Enter and space.
    if (target?.closest('select, input, summary')) return;
    const command = commandOf(event);
    if (command === null) return;
    if (target?.closest('button') && (command.do === 'play' || command.do === 'fold-or-open')) return;
    event.preventDefault();
    this.run(command);
  }

  private run(command: Command): void {
    switch (command.do) {
      case 'play':
        if (this.player.playing) this.player.pause();
        else {
          if (this.cursor >= this.end) this.cursor = 0;
          this.player.play();
        }
        this.showCursor();
        break;
      case 'move': {
        const { from, to } = this.shownView();
        this.moveTo(this.cursor + Math.round((to - from) * command.share));
        break;
      }
      case 'moment':
        this.player.pause();
        this.moveTo(neighbour(this.session.run?.moments ?? [], this.cursor, command.direction));
        break;
      case 'start':
        this.moveTo(0);
        break;
      case 'end':
        this.moveTo(this.end);
        break;
      case 'zoom':
        if (command.factor === null) this.setView(wholeRun(this.end));
        else this.setView(zoom(this.shownView(), command.factor, this.cursor, this.end));
        break;
      case 'row':
        this.nextRow(command.direction);
        break;
      case 'fold-or-open': {
        const row = this.rows.find(({ id }) => id === this.selected);
        if (row === undefined) break;
        if (row.expanded === null) this.task.focus();
        else this.fold(row);
        break;
      }
      case 'back':
        this.select(null);
        if (!this.asTable) this.timeline.focus();
        break;
      case 'table':
        this.asTable = !this.asTable;
        this.showParts();
        this.shownFacts = NOTHING_SHOWN;
        this.showCursor();
        break;
      case 'help':
        this.help.toggle();
        break;
    }
  }

  private nextRow(direction: 1 | -1): void {
    const index = this.rows.findIndex(({ id }) => id === this.selected);
    const next = this.rows[index < 0 ? 0 : Math.min(Math.max(index + direction, 0), this.rows.length - 1)];
    if (next !== undefined) this.select(next.id);
  }

  private fail(message: string): void {
    text(this.failure, `The simulation failed: ${message}`);
    this.failure.hidden = false;
    host.postMessage({ type: 'failed', message });
  }

  /** Tells the host what is to be seen. */
  private report(): void {
    const { run, forecast, forecasting, patch } = this.session;
    if (run === null) return;
    const verdict = forecasting ? '' : (forecast?.headline ?? '');
    host.postMessage({ type: 'drawn', patch, verdict, lanes: run.lanes.length, end: run.trace.end });
  }

  /** Keeps the state soon: not at each of sixty frames a second. */
  private keep(): void {
    this.keeping ??= setTimeout(() => {
      this.keeping = null;
      host.setState(this.state());
    }, KEEP_DELAY);
  }

  private state(): PanelState {
    const { session } = this;
    return {
      uri: session.uri,
      patch: session.patch,
      workload: session.workload.id,
      kernel: session.kernel,
      seed: session.chosenSeed ?? 0,
      cursor: this.cursor,
      actions: session.actions,
      speed: this.player.speed,
      selected: this.selected,
      folds: this.folds,
      view: this.view,
      table: this.asTable,
    };
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
