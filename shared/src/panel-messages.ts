import type { PatchImage, SourceRange } from './model/index.ts';
import type { SimulationSettings } from './protocol.ts';

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
  /** There is nothing to simulate, and why. */
  | { readonly type: 'nothing'; readonly why: string }
  /** "Show Kernel Log" and the like. */
  | { readonly type: 'show'; readonly part: 'log' | 'sysfs' | 'timeline' };

export type PanelToHost =
  | { readonly type: 'ready' }
  /** Open this place in the source. */
  | { readonly type: 'reveal'; readonly range: SourceRange }
  /** Something went wrong in the page. */
  | { readonly type: 'failed'; readonly message: string };

/** What the page keeps through `setState` over hiding, reloads and restarts. */
export interface PanelState {
  readonly uri: string | null;
  readonly patch: string | null;
  readonly workload: string;
  readonly kernel: string;
  readonly seed: number;
  /** Microseconds. */
  readonly cursor: number;
}
