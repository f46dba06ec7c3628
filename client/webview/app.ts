import type { HostToPanel, PanelState, SnapshotKind } from '../../shared/src/panel-messages.ts';
import { PRESETS } from '../../shared/src/simulator/workloads/index.ts';
import type { PossibleAction } from './actions.ts';
import { ActionsView } from './actions-view.ts';
import { ComparisonView, rowId } from './comparison-view.ts';
import { TaskView } from './detail-view.ts';
import { element, text } from './dom.ts';
import { FactsView } from './facts-view.ts';
import { filterGroups } from './filter.ts';
import { HelpView } from './help-view.ts';
import { host } from './host.ts';
import { type Command, commandOf } from './keys.ts';
import { Legend } from './legend.ts';
import { type LogLine, logLines } from './log-lines.ts';
import { LogView } from './log-view.ts';
import { asView, fitLook, keptLook, type Look, shownView, unfoldTask } from './look.ts';
import { MinimapView } from './minimap-view.ts';
import { neighbour } from './moments.ts';
import { Player } from './player.ts';
import { type Row, rowOfTask, visibleRows } from './rows.ts';
import { addAction } from './run.ts';
import { Session } from './session.ts';
import { pngOf, snapshotSvg } from './snapshot.ts';
import { TableView } from './table-view.ts';
import { readTheme } from './theme.ts';
import { TimelineView } from './timeline-view.ts';
import { Toolbar } from './toolbar.ts';
import { VerdictView } from './verdict-view.ts';
import { pan, reveal, type View, wholeRun, zoom } from './view.ts';

/** Kernels that the simulator knows, newest first. */
const KERNELS = ['6.12', '6.1'];
const KEEP_DELAY = 200;

/** The page: what is simulated (session), what of it is looked at (look), and every view of that. */
export class App {
  private readonly session: Session;
  private readonly player: Player;
  private readonly toolbar: Toolbar;
  private readonly verdict = new VerdictView();
  private readonly actions: ActionsView;
  private readonly timeline: TimelineView;
  private readonly table: TableView;
  private readonly minimap: MinimapView;
  private readonly comparison: ComparisonView;
  private readonly legend = new Legend();
  private readonly task: TaskView;
  private readonly facts: FactsView;
  private readonly log: LogView;
  private readonly help = new HelpView();
  private readonly failure = element('p', { class: 'failure', role: 'alert', hidden: true });
  private readonly notice = element('p', { class: 'notice', role: 'status' }, 'Waiting for the module…');
  private readonly main: HTMLElement;
  private readonly detail: HTMLElement;

  private look: Look;
  private debug = false;
  private rows: readonly Row[] = [];
  private lines: readonly LogLine[] = [];
  private keeping: ReturnType<typeof setTimeout> | null = null;

  constructor(root: HTMLElement, kept: PanelState | undefined) {
    this.look = keptLook(kept);
    this.session = new Session(
      {
        run: () => this.showRun(),
        forecast: () => this.showForecast(),
        comparison: () => this.showComparison(),
        failed: (message) => this.fail(message),
      },
      kept,
    );
    this.player = new Player((elapsed) => this.playOn(elapsed));
    this.player.speed = kept?.speed ?? this.player.speed;
    this.toolbar = this.makeToolbar();
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
      zoom: (factor, at) => this.setView(zoom(this.view, factor, at, this.end)),
      pan: (share) => this.setView(pan(this.view, share, this.end)),
    });
    this.table = new TableView((row) => {
      this.select(row.id);
      if (row.expanded !== null) this.fold(row);
      else this.task.focus();
    });
    this.minimap = new MinimapView((at) => {
      const half = Math.round((this.view.to - this.view.from) / 2);
      this.setView(pan(this.view, (at - half - this.view.from) / (2 * half), this.end));
    });
    this.comparison = new ComparisonView({
      open: ({ choice }) => {
        this.look = { ...this.look, models: false, cursor: 0 };
        this.session.showModel(choice.model === 'hybrid' && choice.kernel === undefined ? null : choice);
        this.timeline.focus();
      },
    });
    this.task = new TaskView({
      reveal: (range) => host.postMessage({ type: 'reveal', range }),
      jump: (at) => this.moveTo(at),
      selectTask: (id) => this.selectTask(id),
      close: () => this.select(null),
    });
    this.facts = new FactsView(this.task, this.actions, this.table);
    this.log = new LogView({
      jump: (at) => this.moveTo(at),
      debug: (on) => {
        this.debug = on;
        this.readLog();
        this.show();
      },
    });
    this.detail = element(
      'aside',
      { class: 'detail', 'aria-label': 'Details' },
      this.task.element,
      this.facts.machine.element,
    );
    this.main = element(
      'main',
      { class: 'content' },
      element(
        'section',
        { class: 'stage', 'aria-label': 'Tasks' },
        this.timeline.element,
        this.minimap.element,
        this.table.element,
        this.comparison.element,
        element('div', { class: 'under' }, this.facts.now, this.legend.element),
      ),
      this.detail,
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
        else if (message.part === 'sysfs') this.facts.machine.element.scrollIntoView({ block: 'nearest' });
        else this.timeline.focus();
        break;
    }
  }

  /** The editor's theme changed. */
  restyle(): void {
    this.timeline.restyle();
    this.minimap.restyle();
    this.comparison.restyle();
    this.legend.paint();
  }

  private makeToolbar(): Toolbar {
    return new Toolbar({
      play: () => this.run({ do: 'play' }),
      moment: (direction) => this.run({ do: 'moment', direction }),
      start: () => this.run({ do: 'start' }),
      speed: (value) => {
        this.player.speed = value;
        this.keep();
      },
      patch: (value) => this.session.choose({ patch: value }),
      workload: (value) => this.session.choose({ preset: value }),
      kernel: (kernel) => this.session.choose({ kernel }),
      seed: (value) => this.session.choose({ chosenSeed: value }),
      typical: () => this.session.choose({ chosenSeed: null }),
      table: () => this.run({ do: 'table' }),
      models: () => this.run({ do: 'models' }),
      filter: (filter) => {
        this.look = { ...this.look, filter };
        this.layOut();
        this.show();
      },
      save: (kind) => {
        this.save(kind).catch((error: unknown) => this.fail(error instanceof Error ? error.message : String(error)));
      },
      zoom: (factor) => this.run({ do: 'zoom', factor }),
      help: () => this.run({ do: 'help' }),
    });
  }

  private get end(): number {
    return this.session.run?.trace.end ?? 0;
  }

  private get view(): View {
    return shownView(this.look, this.end);
  }

  private showParts(): void {
    const nothing = this.session.run === null;
    this.notice.hidden = !nothing;
    for (const part of [this.toolbar, this.verdict]) part.element.hidden = nothing;
    // Only the kernel's own model can be acted upon.
    this.actions.element.hidden = nothing || this.look.models || this.session.model !== null;
    this.main.hidden = nothing;
    const { table, models } = this.look;
    this.timeline.element.hidden = table || models;
    this.minimap.element.hidden = table || models;
    this.legend.element.hidden = table && !models;
    this.table.element.hidden = !table || models;
    this.comparison.element.hidden = !models;
    this.legend.forModels(models);
    this.detail.hidden = models;
    this.log.element.hidden = nothing || models;
    this.facts.now.hidden = models;
    this.session.wantComparison(models);
  }

  private showRun(): void {
    const { run } = this.session;
    if (run === null) return;
    this.failure.hidden = true;
    this.look = fitLook(this.look, run);
    this.showParts();
    this.readLog();
    this.layOut();
    this.show();
    this.legend.paint();
    this.showVerdict();
    this.report();
  }

  private showForecast(): void {
    this.showVerdict();
    if (!this.session.forecasting) this.report();
  }

  private showComparison(): void {
    const { comparison, comparing } = this.session;
    this.comparison.update({ comparison, comparing, opened: this.session.modelRow && rowId(this.session.modelRow) });
  }

  private showVerdict(): void {
    const { forecast, forecasting, actions, modelRow } = this.session;
    if (modelRow !== null) {
      this.verdict.showModel(modelRow, () => this.session.showModel(null));
      return;
    }
    this.verdict.update(forecast ?? 'Simulating…', { stale: forecasting, acted: actions.length > 0 });
  }

  private readLog(): void {
    const { run } = this.session;
    if (run !== null) this.lines = logLines(run.trace, this.debug);
  }

  /** Rows from groups and folds. */
  private layOut(): void {
    const groups = filterGroups(this.session.run?.groups ?? [], this.look.filter);
    this.rows = visibleRows(groups, this.look.folds, this.end);
  }

  /** Everything that depends on what is looked at. */
  private show(): void {
    const { session, look, rows } = this;
    const { run, images, workload } = session;
    if (run === null) return;
    const { end } = run.trace;
    const { cursor, selected } = look;
    if (!look.table && !look.models) {
      const { view } = this;
      this.timeline.update({ rows, view, end, cursor, selected, marks: run.marks });
      this.minimap.update({ lanes: run.lanes, marks: run.marks, view, end, cursor });
    }
    this.showToolbar();
    this.facts.update({ run, look, rows, images, workload, playing: this.player.playing });
    this.log.update(this.lines, run.trace.options.kernel);
    this.log.cursor(cursor);
    this.keep();
  }

  private showToolbar(): void {
    const { session, look } = this;
    this.toolbar.update({
      playing: this.player.playing,
      cursor: look.cursor,
      end: this.end,
      speed: this.player.speed,
      patches: session.images.map(({ variable, module }) => ({ value: variable ?? '', title: variable ?? module })),
      patch: session.patch ?? '',
      workloads: PRESETS.map(({ id, title }) => ({ value: id, title })),
      workload: session.preset,
      kernels: KERNELS.map((kernel) => ({ value: kernel, title: `Linux ${kernel}` })),
      kernel: session.kernel,
      seed: session.seed,
      typical: session.chosenSeed === null,
      table: look.table,
      models: look.models,
      filter: look.filter,
    });
  }

  /** What the timeline shows as a picture, or the whole trace. */
  private async save(kind: SnapshotKind): Promise<void> {
    const { run, workload, image } = this.session;
    if (run === null) return;
    const name = image?.module ?? 'livepatch';
    const { kernel, seed } = run.trace.options;
    if (kind === 'json') {
      host.postMessage({ type: 'save', kind, name, content: JSON.stringify(run.trace) });
      return;
    }
    const title = this.verdict.headline;
    const about = `Simulated: ${name} on Linux ${kernel}, ${workload.title}, seed ${seed}`;
    const ground = getComputedStyle(document.body).backgroundColor;
    const svg = snapshotSvg({ title, about, rows: this.rows, view: this.view, marks: run.marks, ground }, readTheme());
    host.postMessage({ type: 'save', kind, name, content: kind === 'svg' ? svg : await pngOf(svg) });
  }

  private moveTo(at: number): void {
    const cursor = Math.round(Math.min(Math.max(at, 0), this.end));
    const view = this.look.view === null ? null : reveal(this.look.view, cursor, this.end);
    this.look = { ...this.look, cursor, view };
    this.show();
  }

  private playOn(elapsed: number): void {
    if (this.look.cursor + elapsed >= this.end) this.player.pause();
    this.moveTo(this.look.cursor + elapsed);
  }

  private setView(view: View): void {
    this.look = { ...this.look, view: asView(view, this.end) };
    this.show();
  }

  private select(selected: string | null): void {
    this.look = { ...this.look, selected };
    this.show();
    if (selected !== null) this.timeline.showRow(selected);
  }

  private selectTask(id: number): void {
    const { run } = this.session;
    if (run === null) return;
    this.look = { ...this.look, folds: unfoldTask(this.look, run, id) };
    this.layOut();
    this.select(rowOfTask(id));
  }

  private fold(row: Row): void {
    if (row.expanded === null) return;
    this.look = { ...this.look, folds: { ...this.look.folds, [row.id]: !row.expanded } };
    this.layOut();
    this.show();
  }

  private act({ action }: PossibleAction): void {
    this.player.pause();
    this.session.act(addAction(this.session.actions, { ...action, at: this.look.cursor }));
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
          if (this.look.cursor >= this.end) this.look = { ...this.look, cursor: 0 };
          this.player.play();
        }
        this.show();
        break;
      case 'move':
        this.moveTo(this.look.cursor + Math.round((this.view.to - this.view.from) * command.share));
        break;
      case 'moment':
        this.player.pause();
        this.moveTo(neighbour(this.session.run?.moments ?? [], this.look.cursor, command.direction));
        break;
      case 'start':
        this.moveTo(0);
        break;
      case 'end':
        this.moveTo(this.end);
        break;
      case 'zoom':
        if (command.factor === null) this.setView(wholeRun(this.end));
        else this.setView(zoom(this.view, command.factor, this.look.cursor, this.end));
        break;
      case 'row':
        this.nextRow(command.direction);
        break;
      case 'fold-or-open': {
        const row = this.rows.find(({ id }) => id === this.look.selected);
        if (row === undefined) break;
        if (row.expanded === null) this.task.focus();
        else this.fold(row);
        break;
      }
      case 'back':
        this.select(null);
        if (!this.look.table) this.timeline.focus();
        break;
      case 'table':
        this.look = { ...this.look, table: !this.look.table };
        this.showParts();
        this.show();
        break;
      case 'models':
        this.look = { ...this.look, models: !this.look.models };
        this.showParts();
        this.showComparison();
        this.show();
        break;
      case 'filter':
        this.toolbar.focusFilter();
        break;
      case 'help':
        this.help.toggle();
        break;
    }
  }

  private nextRow(direction: 1 | -1): void {
    const index = this.rows.findIndex(({ id }) => id === this.look.selected);
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
      host.setState({ ...this.session.state, ...this.look, speed: this.player.speed });
    }, KEEP_DELAY);
  }
}
