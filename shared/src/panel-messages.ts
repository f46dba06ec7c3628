import type { ModelChoice } from './comparison/comparison-types.ts';
import type { PatchImage, SourceRange } from './model/index.ts';
import type { SimulationSettings } from './protocol.ts';
import type { Verifiable } from './scenario/situation.ts';
import type { VerifiedRun } from './scenario/verified.ts';
import type { Action } from './simulator/step.ts';
import type { Trace } from './simulator/trace.ts';
import type { Workload } from './simulator/workload.ts';

/**
 * What the extension and the page in the simulation panel say to each other. The page runs the simulator itself, so that
 * an edit or a click redraws without a round trip.
 */
export type HostToPanel =
  /** The module's patches, first and after each edit. `patch` is the klp_patch variable to show. */
  | {
      readonly type: 'images';
      readonly uri: string;
      readonly title: string;
      readonly images: readonly PatchImage[];
      readonly patch: string | null;
      readonly simulation: SimulationSettings;
    }
  /** A recorded machine to simulate on. `notes` are what its recording lacks. */
  | {
      readonly type: 'machine';
      readonly uri: string;
      readonly workload: Workload;
      readonly kernel: string;
      readonly notes: readonly string[];
    }
  /** A run that was made elsewhere, such as a scenario's: nothing of it can be changed here. `at` is where to look first. */
  | {
      readonly type: 'trace';
      readonly title: string;
      readonly trace: Trace;
      readonly at: number;
      /** The host knows its scenario, which can be verified. */
      readonly verifiable: boolean;
    }
  /** The workspace's livepatches, the panel's own among them. `note` says why it may not be all. */
  | { readonly type: 'others'; readonly images: readonly PatchImage[]; readonly note: string | null }
  /** There is nothing to simulate, and why. */
  | { readonly type: 'nothing'; readonly why: string }
  /** Ask for a verification of what is shown, as a click on the button does. */
  | { readonly type: 'verify' }
  /** How far a verification is. */
  | { readonly type: 'verification'; readonly state: VerificationState }
  /** "Show Kernel Log" and the like. */
  | { readonly type: 'show'; readonly part: 'log' | 'sysfs' | 'timeline' };

export type PanelToHost =
  | { readonly type: 'ready' }
  /** Open this place in the source. */
  | { readonly type: 'reveal'; readonly range: SourceRange }
  /** What the page shows since the last images or the last click: for the host's log, and for tests to wait for. */
  | {
      readonly type: 'drawn';
      readonly patch: string | null;
      /** The sentence at the top; empty while the forecast is being made. */
      readonly verdict: string;
      /** Tasks in the run. */
      readonly lanes: number;
      /** End of the run in microseconds. */
      readonly end: number;
    }
  /** Simulate on a recorded machine: the one of this file, or, when null, one that the user picks. */
  | { readonly type: 'machine'; readonly uri: string | null }
  /** Play this on a real kernel of that version. Null: the scenario whose run is shown. */
  | { readonly type: 'verify'; readonly kernel: string; readonly plan: Verifiable | null }
  /** End a verification that is under way. */
  | { readonly type: 'cancel-verification' }
  /** The verification's outcome is to be seen: for the host's log and for tests. */
  | { readonly type: 'laid-over'; readonly headline: string; readonly differences: number }
  /** What other livepatches are there in the workspace? */
  | { readonly type: 'others' }
  /** Save this under a name that the user chooses. PNG comes in base64. */
  | { readonly type: 'save'; readonly kind: SnapshotKind; readonly name: string; readonly content: string }
  /** Something went wrong in the page. */
  | { readonly type: 'failed'; readonly message: string };

/**
 * A verification: on its way (`step` is a line for people), over, or why there is none. The host keeps what the page asked
 * for: a page that is hidden is thrown away.
 */
export type VerificationState =
  | { readonly is: 'running'; readonly step: string }
  | { readonly is: 'done'; readonly run: VerifiedRun; readonly plan: Verifiable | null }
  /** `detail` is what a compiler said, or empty. */
  | { readonly is: 'failed'; readonly why: string; readonly detail: string }
  | { readonly is: 'cancelled' };

export type SnapshotKind = 'svg' | 'png' | 'json';

/** What may stand in the place of the tasks: every run of the forecast, or models or replace policies side by side. */
export type Sheet = 'runs' | 'models' | 'policies';

/** What the page keeps through `setState` over hiding, reloads and restarts. */
export interface PanelState {
  readonly uri: string | null;
  readonly patch: string | null;
  readonly workload: string;
  readonly kernel: string;
  readonly seed: number;
  /** Microseconds. */
  readonly cursor: number;
  /** What was done in the panel beside loading the patch. */
  readonly actions?: readonly PanelAction[];
  /** Times the speed of real time. */
  readonly speed?: number;
  /** Id of the selected row, which is a group or a task. */
  readonly selected?: string | null;
  /** Ids of the rows that are folded otherwise than at first. */
  readonly folds?: { readonly [row: string]: boolean };
  /** The part of the run that is in view, in microseconds; null for all of it. */
  readonly view?: { readonly from: number; readonly to: number } | null;
  /** Tasks as a table instead of the timeline. */
  readonly table?: boolean;
  /** The consistency model whose run is shown; null for the kernel's own. */
  readonly model?: ModelChoice | null;
  /** The rows of that kernel's comparison where somebody chose what the debate left open; null for all as they are. */
  readonly varied?: { readonly kernel: string; readonly choices: readonly ModelChoice[] } | null;
  /** What stands in the place of the tasks; null for the tasks. */
  readonly sheet?: Sheet | null;
  /** Livepatches that are there before in the comparison of policies, in their order; null for those that fit. */
  readonly installed?: readonly string[] | null;
  /** Only tasks that fit these words are shown. */
  readonly filter?: string;
  /** The recording whose machine was chosen last. */
  readonly machine?: string | null;
}

/** A step of the run as the page keeps it: images are looked up again by their klp_patch variable. */
export type PanelAction = { readonly at: number } & (
  | Exclude<Action, { readonly do: 'load' }>
  | { readonly do: 'load'; readonly patch: string | null }
);
