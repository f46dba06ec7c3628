import { compareInSteps, compareModels, withVariant } from '../../shared/src/comparison/compare.ts';
import type { Comparison, ComparisonRow, ModelChoice } from '../../shared/src/comparison/comparison-types.ts';
import type { PatchImage } from '../../shared/src/model/index.ts';
import type { HostToPanel, PanelAction, PanelState } from '../../shared/src/panel-messages.ts';
import type { SimulationSettings } from '../../shared/src/protocol.ts';
import type { VerifiedRun } from '../../shared/src/scenario/verified.ts';
import { forecastInSteps } from '../../shared/src/simulator/forecast.ts';
import type { Forecast } from '../../shared/src/simulator/forecast-types.ts';
import type { Workload } from '../../shared/src/simulator/workload.ts';
import { PRESETS, workloadById } from '../../shared/src/simulator/workloads/index.ts';
import { PolicyWork } from './policy-work.ts';
import { makeRun, type Run, runOf } from './run.ts';
import { SlicedWork } from './sliced-work.ts';
import { type LaidOver, laidOverRun } from './verified-run.ts';

/** The forecast takes a while: it is made when nobody has typed for so long. */
const FORECAST_DELAY = 200;

const DEFAULT_PRESET = 'web-server';

const knownPreset = (id: string): string | undefined => PRESETS.find((preset) => preset.id === id)?.id;

/** Stands for the recorded machine among the presets. */
export const RECORDED = 'recorded';

/** A machine that was recorded, and what its recording lacks. */
export interface RecordedMachine {
  readonly uri: string;
  readonly workload: Workload;
  readonly notes: readonly string[];
}

export interface SessionEvents {
  /** There is another run to show; `run` is set. */
  run(): void;
  /** `forecast` is another one, or does not fit what is simulated any more: see `forecasting`. */
  forecast(): void;
  /** `comparison` is another one, or `comparing` changed. */
  comparison(): void;
  /** `policies` shows something else. */
  policies(): void;
  /** The workspace's other livepatches are wanted. */
  askOthers(): void;
  failed(message: string): void;
}

/** What is simulated: the module's patches, the machine that was chosen, and what is done on it. */
export class Session {
  private readonly events: SessionEvents;
  private settings: SimulationSettings | null = null;
  private readonly forecasts = new SlicedWork();
  /** Kept from before a reload until the first images arrive. */
  private kept: PanelState | null;
  /** The seed of the run with the median length. */
  private typicalSeed = 1;

  uri: string | null = null;
  images: readonly PatchImage[] = [];
  /** The klp_patch variable that is shown. */
  patch: string | null = null;
  /** Id of the machine that was chosen. */
  preset: string = DEFAULT_PRESET;
  kernel = '6.12';
  /** The machine that was recorded, when one was chosen. */
  machine: RecordedMachine | null = null;
  /** Null is the forecast's typical run. */
  chosenSeed: number | null = null;
  actions: readonly PanelAction[] = [];
  run: Run | null = null;
  /** Title of a run that was made elsewhere and is shown as it is; null for runs that are made here. */
  fixed: string | null = null;
  /** A real kernel can be asked about what is shown. */
  canVerify = true;
  /** The run that is shown again when nobody wants to see the real kernel's any more. */
  private before: Run | null = null;
  forecast: Forecast | null = null;
  /** The forecast is being made; until then the last one stands. */
  forecasting = false;
  /** The model whose run is shown; null is the chosen kernel's own. */
  model: ModelChoice | null = null;
  /** What came of that run; null for the kernel's own. */
  modelRow: ComparisonRow | null = null;
  /** Models side by side; null until somebody asked for it. */
  comparison: Comparison | null = null;
  comparing = false;
  /** The rows of that kernel's comparison where somebody chose another variant; null for all as they are. */
  private varied: NonNullable<PanelState['varied']> | null = null;
  private readonly comparisons = new SlicedWork();
  private comparisonWanted = false;
  readonly policies: PolicyWork;

  constructor(events: SessionEvents, kept: PanelState | undefined) {
    this.events = events;
    this.kept = kept ?? null;
    this.uri = kept?.uri ?? null;
    this.policies = new PolicyWork(
      { changed: () => events.policies(), ask: () => events.askOthers(), failed: (error) => this.fail(error) },
      () => {
        const { image, workload, seed } = this;
        // The proposals are simulated on top of a released kernel.
        return image && { image, workload, seed, kernel: this.kernel.replace(/\+.*/, '') };
      },
      kept?.installed ?? null,
    );
  }

  get seed(): number {
    return this.chosenSeed ?? this.typicalSeed;
  }

  /** The chosen machine, with the stacks of the chosen kernel. */
  get workload(): Workload {
    if (this.preset === RECORDED && this.machine !== null) return this.machine.workload;
    return workloadById(this.preset === RECORDED ? DEFAULT_PRESET : this.preset, this.kernel) as Workload;
  }

  /** What a real kernel did, when that is shown. */
  get laidOver(): LaidOver | null {
    return this.run?.laidOver ?? null;
  }

  get image(): PatchImage | null {
    return this.images.find(({ variable }) => variable === this.patch) ?? this.images[0] ?? null;
  }

  /** What is kept over reloads. */
  get state(): Pick<
    PanelState,
    'uri' | 'patch' | 'workload' | 'kernel' | 'seed' | 'actions' | 'model' | 'varied' | 'machine' | 'installed'
  > {
    const { uri, patch, kernel, actions, model, varied } = this;
    const machine = this.machine?.uri ?? null;
    const installed = this.policies.chosen;
    return {
      uri,
      patch,
      kernel,
      actions,
      model,
      varied,
      machine,
      installed,
      workload: this.preset,
      seed: this.chosenSeed ?? 0,
    };
  }

  /** Shows a run that was made elsewhere. */
  receiveTrace({ title, trace, verifiable }: HostToPanel & { readonly type: 'trace' }): void {
    this.clear();
    this.fixed = title;
    this.canVerify = verifiable;
    this.run = runOf(trace);
    this.events.run();
  }

  /** Shows what a real kernel did, laid over the simulator's run of the same scenario. */
  showVerified(verified: VerifiedRun): void {
    if (this.laidOver === null) this.before = this.run;
    this.run = laidOverRun(verified);
    this.events.run();
  }

  /** Shows what was shown before that. */
  leaveVerified(): void {
    if (this.before === null) return;
    this.run = this.before;
    this.before = null;
    this.events.run();
  }

  receive(message: HostToPanel & { readonly type: 'images' }): void {
    this.fixed = null;
    this.canVerify = true;
    this.before = null;
    const { simulation } = message;
    const kept = this.kept?.uri === message.uri ? this.kept : null;
    this.kept = null;
    this.uri = message.uri;
    this.images = message.images;
    if (kept !== null) {
      this.patch = kept.patch;
      this.preset = knownPreset(kept.workload) ?? this.preset;
      this.kernel = kept.kernel;
      this.chosenSeed = kept.seed > 0 ? kept.seed : null;
      this.actions = kept.actions ?? [];
      this.model = kept.model ?? null;
      this.varied = kept.varied ?? null;
    } else {
      // A choice made here holds until the setting itself is changed.
      if (simulation.workload !== this.settings?.workload) {
        this.preset = knownPreset(simulation.workload) ?? this.preset;
      }
      if (simulation.kernel !== this.settings?.kernel) this.kernel = simulation.kernel;
    }
    this.settings = simulation;
    if (message.patch !== null) this.patch = message.patch;
    if (this.image !== null) this.patch = this.image.variable;
    this.restart();
  }

  /** A recorded machine came: it is chosen at once. */
  receiveMachine({ uri, workload, kernel, notes }: HostToPanel & { readonly type: 'machine' }): void {
    this.machine = { uri, workload, notes };
    this.preset = RECORDED;
    this.kernel = kernel;
    this.restart();
  }

  /** Another machine, patch or seed. */
  choose(change: Partial<Pick<Session, 'patch' | 'preset' | 'kernel' | 'chosenSeed'>>): void {
    const sameForecast = Object.keys(change).every((key) => key === 'chosenSeed');
    Object.assign(this, change);
    if (change.patch !== undefined) this.actions = [];
    if (sameForecast) this.simulate();
    else this.restart();
  }

  /** Shows the run of a model that is not the chosen kernel's own; null goes back to that. */
  showModel(model: ModelChoice | null): void {
    this.model = model;
    this.actions = [];
    this.simulate();
  }

  /** Shows one run of the forecast, which is the kernel's own and of the load alone. */
  showSeed(seed: number): void {
    this.model = null;
    this.actions = [];
    this.choose({ chosenSeed: seed });
  }

  /** Whether somebody looks at the comparison: only then it is made, and made anew after each change. */
  wantComparison(wanted: boolean): void {
    const before = this.comparisonWanted;
    this.comparisonWanted = wanted;
    if (wanted && !before) this.compare();
  }

  /** Plays a row of the comparison with another value of one of its variants. */
  vary(row: ComparisonRow, variant: string, value: string): void {
    const { comparison } = this;
    if (comparison === null) return;
    const choices = comparison.rows.map((each) => (each === row ? withVariant(row, variant, value) : each.choice));
    this.varied = { kernel: comparison.kernel, choices };
    this.compare();
  }

  act(actions: readonly PanelAction[]): void {
    this.actions = actions;
    this.simulate();
  }

  /** Nothing to simulate any more. */
  clear(): void {
    this.images = [];
    this.run = null;
    this.before = null;
    this.forecast = null;
    this.forecasting = false;
    this.comparison = null;
    this.comparing = false;
    this.forecasts.stop();
    this.comparisons.stop();
    this.policies.stop();
  }

  private restart(): void {
    this.simulate();
    this.forecasting = true;
    this.events.forecast();
    this.forecasts.start(
      FORECAST_DELAY,
      () => {
        const { image, kernel, workload } = this;
        return image && forecastInSteps(image, { kernel, workload, seeds: this.settings?.seeds ?? 50 });
      },
      (forecast) => this.found(forecast),
      (error) => {
        this.forecasting = false;
        this.fail(error);
      },
    );
  }

  private simulate(): void {
    const { image } = this;
    if (image === null) return;
    try {
      const { images, kernel, workload, seed, actions, model } = this;
      const run = makeRun({ images, image, kernel, workload, seed, actions, model });
      // A real kernel's run stays in sight until somebody goes back or edits the module.
      if (this.before === null) this.run = run;
      else this.before = run;
      this.modelRow =
        model === null
          ? null
          : (compareModels(image, { workload, kernel, seeds: [seed], choices: [model] }).rows[0] ?? null);
    } catch (error) {
      this.fail(error);
      return;
    }
    this.events.run();
    if (this.comparisonWanted) this.compare(FORECAST_DELAY);
    this.policies.changed();
  }

  /** Plays every model on the same tasks and the same seed, a row at a time. */
  private compare(delay = 0): void {
    if (this.image === null) return;
    this.comparing = true;
    this.events.comparison();
    this.comparisons.start(
      delay,
      () => {
        const { image, kernel, workload, seed, varied } = this;
        if (image === null) return null;
        const choices = varied?.kernel === kernel ? { choices: varied.choices } : {};
        return compareInSteps(image, { workload, kernel, seeds: [seed], ...choices });
      },
      (comparison) => {
        this.comparison = comparison;
        this.comparing = false;
        this.events.comparison();
      },
      (error) => {
        // What was kept over a reload may be of another version of this page.
        if (this.varied !== null) {
          this.varied = null;
          this.compare();
          return;
        }
        this.comparing = false;
        this.fail(error);
      },
    );
  }

  private found(forecast: Forecast): void {
    this.forecast = forecast;
    this.forecasting = false;
    this.events.forecast();
    const { seed } = forecast.typical.options;
    const other = seed !== this.typicalSeed;
    this.typicalSeed = seed;
    if (other && this.chosenSeed === null) this.simulate();
  }

  private fail(error: unknown): void {
    this.events.failed(error instanceof Error ? error.message : String(error));
  }
}
