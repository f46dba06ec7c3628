import type { HostToPanel, PanelState, SnapshotKind } from '../../shared/src/panel-messages.ts';
import type { PossibleAction } from './actions.ts';
import { ActionsView } from './actions-view.ts';
import { TaskView } from './detail-view.ts';
import { element, text } from './dom.ts';
import { FactsView } from './facts-view.ts';
import { HelpView } from './help-view.ts';
import { host } from './host.ts';
import { commandFor } from './key-events.ts';
import type { Command } from './keys.ts';
import { LogView } from './log-view.ts';
import { asView, fitLook, keptLook, type Look, shownRows, shownView, unfoldTask } from './look.ts';
import { lookAfter, movedTo } from './look-commands.ts';
import { Player } from './player.ts';
import { reportDrawn } from './report-drawn.ts';
import { type Row, rowOfTask } from './rows.ts';
import { addAction } from './run.ts';
import { RECORDED, Session } from './session.ts';
import { snapshot } from './snapshot.ts';
import { StageView } from './stage-view.ts';
import { StateKeeper } from './state-keeper.ts';
import { Toolbar } from './toolbar.ts';
import { CHOOSE, toolbarData } from './toolbar-data.ts';
import { VerdictView } from './verdict-view.ts';
import { Verification } from './verification.ts';
import { centre, pan, type View, zoom } from './view.ts';

/** The page: what is simulated (session), what of it is looked at (look), and every view of that. */
export class App {
  private readonly session: Session;
  private readonly player: Player;
  private readonly toolbar: Toolbar;
  private readonly verdict = new VerdictView(() => this.run({ do: 'sheet', sheet: 'runs' }));
  private readonly verification: Verification;
  private readonly actions: ActionsView;
  private readonly stage: StageView;
  private readonly task: TaskView;
  private readonly facts: FactsView;
  private readonly log: LogView;
  private readonly help = new HelpView();
  private readonly keeper = new StateKeeper(() => ({ ...this.session.state, ...this.look, speed: this.player.speed }));
  private readonly failure = element('p', { class: 'failure', role: 'alert', hidden: true });
  private readonly notice = element('p', { class: 'notice', role: 'status' }, 'Waiting for the module…');
  private readonly main: HTMLElement;

  private look: Look;
  private rows: readonly Row[] = [];

  constructor(root: HTMLElement, kept: PanelState | undefined) {
    this.look = keptLook(kept);
    this.session = new Session(
      {
        run: () => this.showRun(),
        forecast: () => {
          this.verdict.show(this.session);
          this.stage.runs.show(this.session);
          if (this.session.forecasting) return;
          reportDrawn(this.session);
          this.verification.forecastMade();
        },
        comparison: () => this.stage.comparison.show(this.session),
        policies: () => this.stage.policies.show(this.session.policies),
        askOthers: () => host.postMessage({ type: 'others' }),
        failed: (message) => this.fail(message),
      },
      kept,
    );
    this.verification = new Verification(
      this.session,
      () => this.showParts(),
      (at) => this.moveTo(at),
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
    this.task = new TaskView({
      reveal: (range) => host.postMessage({ type: 'reveal', range }),
      jump: (at) => this.moveTo(at),
      selectTask: (id) => this.selectTask(id),
      close: () => this.select(null),
    });
    const now = element('p', { class: 'now', role: 'status' });
    this.stage = this.makeStage(now);
    this.facts = new FactsView(this.task, this.actions, this.stage.table, now, (at) => this.moveTo(at));
    this.log = new LogView((at) => this.moveTo(at));
    this.main = element('main', { class: 'content' }, this.stage.element, this.facts.detail);
    root.append(
      this.toolbar.element,
      this.verdict.element,
      this.verification.view.element,
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

  /** Asks for what a reload lost. */
  restore({ workload, machine }: PanelState): void {
    if (workload === RECORDED && machine) host.postMessage({ type: 'machine', uri: machine });
  }

  receive(message: HostToPanel): void {
    switch (message.type) {
      case 'images':
        this.failure.hidden = true;
        document.title = `Livepatch simulation: ${message.title}`;
        this.session.receive(message);
        break;
      case 'trace':
        document.title = `Livepatch simulation: ${message.title}`;
        this.look = { ...this.look, sheet: null };
        this.session.receiveTrace(message);
        this.moveTo(message.at);
        break;
      case 'machine':
        this.session.receiveMachine(message);
        break;
      case 'others':
        this.session.policies.receive(message.images, message.note);
        break;
      case 'verify':
      case 'verification':
        this.verification.receive(message);
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
        else this.stage.timeline.focus();
        break;
    }
  }

  /** The editor's theme changed. */
  restyle(): void {
    this.stage.restyle();
  }

  private makeStage(now: HTMLElement): StageView {
    const { task } = this;
    return new StageView(
      {
        scrub: (at) => this.moveTo(at),
        select: (row) => this.select(row.id),
        fold: (row) => this.fold(row),
        zoom: (factor, at) => this.setView(zoom(this.view, factor, at, this.end)),
        pan: (share) => this.setView(pan(this.view, share, this.end)),
        centre: (at) => this.setView(centre(this.view, at, this.end)),
        openRow: (row) => {
          this.select(row.id);
          if (row.expanded !== null) this.fold(row);
          else task.focus();
        },
        openModel: ({ choice }) => {
          this.look = { ...this.look, sheet: null, cursor: 0 };
          this.session.showModel(choice.model === 'hybrid' && choice.kernel === undefined ? null : choice);
          this.stage.timeline.focus();
        },
        openRun: (seed) => {
          this.look = { ...this.look, sheet: null, cursor: 0 };
          this.session.showSeed(seed);
          this.stage.timeline.focus();
        },
        toggleInstalled: (key) => {
          this.session.policies.toggle(key);
          this.keeper.changed();
        },
        reveal: (range) => host.postMessage({ type: 'reveal', range }),
        varyModel: (row, variant, value) => {
          this.session.vary(row, variant, value);
          this.keeper.changed();
        },
      },
      now,
    );
  }

  private makeToolbar(): Toolbar {
    return new Toolbar({
      play: () => this.run({ do: 'play' }),
      moment: (direction) => this.run({ do: 'moment', direction }),
      start: () => this.run({ do: 'start' }),
      speed: (value) => {
        this.player.speed = value;
        this.keeper.changed();
      },
      patch: (value) => this.session.choose({ patch: value }),
      workload: (value) => {
        if (value === CHOOSE) host.postMessage({ type: 'machine', uri: null });
        else this.session.choose({ preset: value });
        this.showToolbar();
      },
      kernel: (kernel) => this.session.choose({ kernel }),
      seed: (value) => this.session.choose({ chosenSeed: value }),
      typical: () => this.session.choose({ chosenSeed: null }),
      table: () => this.run({ do: 'table' }),
      sheet: (sheet) => this.run({ do: 'sheet', sheet }),
      filter: (filter) => {
        this.look = { ...this.look, filter };
        this.layOut();
        this.show();
      },
      verify: () => this.verification.ask(),
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
    this.toolbar.element.hidden = nothing;
    const away = this.look.sheet !== null;
    // Only the kernel's own model can be acted upon.
    const { model, fixed, laidOver, canVerify } = this.session;
    this.verdict.element.hidden = nothing || laidOver !== null;
    this.verification.show();
    this.actions.element.hidden = nothing || away || model !== null || fixed !== null || laidOver !== null;
    this.toolbar.choosing(fixed === null && laidOver === null);
    this.toolbar.canVerify(canVerify, this.verification.state?.is === 'running');
    this.main.hidden = nothing;
    this.stage.showParts(this.look);
    this.facts.detail.hidden = away;
    this.log.element.hidden = nothing || away;
    this.facts.now.hidden = away;
    this.session.wantComparison(this.look.sheet === 'models');
    this.session.policies.want(this.look.sheet === 'policies');
  }

  private showRun(): void {
    const { run } = this.session;
    if (run === null) return;
    this.failure.hidden = true;
    this.look = fitLook(this.look, run);
    this.verification.outdated();
    this.showParts();
    this.layOut();
    this.show();
    this.stage.paintLegend();
    this.verdict.show(this.session);
    this.stage.runs.show(this.session);
    reportDrawn(this.session);
  }

  /** Rows from groups and folds. */
  private layOut(): void {
    this.rows = this.session.run === null ? [] : shownRows(this.session.run, this.look);
  }

  /** Everything that depends on what is looked at. */
  private show(): void {
    const { session, look, rows } = this;
    const { run, images, workload } = session;
    if (run === null) return;
    this.stage.update({ look, rows, run, view: this.view, end: this.end });
    this.showToolbar();
    this.facts.update({ run, look, rows, images, workload, playing: this.player.playing });
    this.log.update(run, look.cursor);
    this.keeper.changed();
  }

  private showToolbar(): void {
    this.toolbar.update(toolbarData(this.session, this.look, this.player, this.end));
  }

  private async save(kind: SnapshotKind): Promise<void> {
    const { run, workload, image } = this.session;
    if (run === null) return;
    const name = image?.module ?? 'livepatch';
    const shown = { title: this.verdict.headline, name, machine: workload.title, rows: this.rows, view: this.view };
    host.postMessage({ type: 'save', kind, name, content: await snapshot(kind, run, shown) });
  }

  private moveTo(at: number): void {
    this.change(movedTo(this.look, at, this.end));
  }

  private playOn(elapsed: number): void {
    if (this.look.cursor + elapsed >= this.end) this.player.pause();
    this.moveTo(this.look.cursor + elapsed);
  }

  private setView(view: View): void {
    this.change({ ...this.look, view: asView(view, this.end) });
  }

  private select(selected: string | null): void {
    this.change({ ...this.look, selected });
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
    const command = commandFor(event);
    if (command === null) return;
    event.preventDefault();
    this.run(command);
  }

  private run(command: Command): void {
    if (command.do === 'moment') this.player.pause();
    const moments = this.session.run?.moments ?? [];
    const look = lookAfter(command, this.look, { rows: this.rows, moments, end: this.end });
    if (look !== null) {
      this.change(look);
      return;
    }
    switch (command.do) {
      case 'play':
        if (this.player.playing) this.player.pause();
        else {
          if (this.look.cursor >= this.end) this.look = { ...this.look, cursor: 0 };
          this.player.play();
        }
        this.show();
        break;
      case 'fold-or-open': {
        const row = this.rows.find(({ id }) => id === this.look.selected);
        if (row?.expanded === null) this.task.focus();
        else if (row !== undefined) this.fold(row);
        break;
      }
      case 'back':
        this.select(null);
        if (!this.look.table) this.stage.timeline.focus();
        break;
      case 'filter':
        this.toolbar.focusFilter();
        break;
      case 'help':
        this.help.toggle();
        break;
    }
  }

  /** Another look at the same run. */
  private change(look: Look): void {
    const before = this.look;
    this.look = look;
    if (look.table !== before.table || look.sheet !== before.sheet) {
      this.showParts();
      this.stage.showSheets(this.session);
    }
    this.show();
    if (look.selected !== null && look.selected !== before.selected) this.stage.timeline.showRow(look.selected);
  }

  private fail(message: string): void {
    text(this.failure, `The simulation failed: ${message}`);
    this.failure.hidden = false;
    host.postMessage({ type: 'failed', message });
  }
}
