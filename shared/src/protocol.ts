import type { Comparison, ModelChoice } from './comparison/comparison-types.ts';
import type { PatchImage, SourceRange } from './model/index.ts';
import type { PictureTheme } from './picture/palette.ts';
import type { Workload } from './simulator/workload.ts';

/** What the server and a client that knows it say to each other beside LSP. Both ends take the types from here. */

/** A place in a file for a client: LSP positions (zero-based line, UTF-16 character). */
export interface ClientLocation {
  readonly uri: string;
  readonly range: {
    readonly start: { readonly line: number; readonly character: number };
    readonly end: { readonly line: number; readonly character: number };
  };
}

/** Request, client to server: what the kernel would be given by the module that a document belongs to. */
export const IMAGES_REQUEST = 'livepatch/images';
export interface ImagesParams {
  readonly textDocument: { readonly uri: string };
}
export interface ImagesResult {
  /** The document's version that was read; null when the document is not open or not a livepatch. */
  readonly version: number | null;
  /** One for each klp_patch of the module. */
  readonly images: readonly PatchImage[];
  /** Settings that a simulation of this document starts with. */
  readonly simulation: SimulationSettings;
}

/** Notification, server to client: the images of an open document changed. Sent only when the client asked for it in its initializationOptions. */
export const IMAGES_CHANGED_NOTIFICATION = 'livepatch/imagesChanged';
export interface ImagesChangedParams extends ImagesResult {
  readonly uri: string;
}

/** Request, client to server: where a SourceRange of an image stands, as LSP positions. Null when the file is not known any more. */
export const LOCATE_REQUEST = 'livepatch/locate';
export interface LocateParams {
  readonly range: SourceRange;
}
export type LocateResult = ClientLocation | null;

/** Request, client to server: every livepatch module of the workspace, and what does not go together. No parameters. */
export const WORKSPACE_REQUEST = 'livepatch/workspace';
export interface WorkspaceResult {
  readonly modules: readonly WorkspaceModule[];
  readonly conflicts: readonly WorkspaceConflict[];
  /** Why it may not be all, for people; null when it is. */
  readonly note: string | null;
}
export interface WorkspaceModule {
  readonly name: string;
  readonly patches: readonly {
    readonly name: string;
    readonly location: ClientLocation;
    /** Null when it can't be told. */
    readonly replace: boolean | null;
    readonly objects: readonly {
      /** `vmlinux`, the module's name, or null when it can't be told. */
      readonly name: string | null;
      readonly location: ClientLocation;
      readonly functions: readonly {
        readonly name: string | null;
        readonly replacement: string | null;
        readonly location: ClientLocation;
      }[];
    }[];
  }[];
}
export interface WorkspaceConflict {
  readonly rule: string;
  readonly message: string;
  /** What kernels do. */
  readonly kernel: string;
  readonly places: readonly { readonly module: string; readonly location: ClientLocation }[];
}

/**
 * Request, client to server: what the kernel would be given by every livepatch module of the workspace. No parameters. For
 * clients that simulate one on top of others.
 */
export const WORKSPACE_IMAGES_REQUEST = 'livepatch/workspaceImages';
export interface WorkspaceImagesResult {
  /** By module's name, then in the order of the source. */
  readonly images: readonly PatchImage[];
  /** Why it may not be all, for people; null when it is. */
  readonly note: string | null;
}

/**
 * Request, client to server: the consistency models side by side, for a patch of the module that a document belongs to.
 * Clients that run the simulator themselves can call compareModels() with the image instead.
 */
export const COMPARE_REQUEST = 'livepatch/compare';
export interface CompareParams {
  readonly textDocument: { readonly uri: string };
  /** The klp_patch variable; absent: the first. */
  readonly patch?: string;
  /** Absent: the settings' kernel and workload preset. */
  readonly kernel?: string;
  readonly workload?: string;
  /** Absent: 1. */
  readonly seed?: number;
  /** Absent: every model and the variants of the debate. */
  readonly choices?: readonly ModelChoice[];
}
/** Null when the document is not open, has no such patch, or the workload is not known. */
export type CompareResult = Comparison | null;

/** Request, client to server: the machine in a file that the capture script wrote. The file is one that the user picked. */
export const RECORDED_WORKLOAD_REQUEST = 'livepatch/recordedWorkload';
export interface RecordedWorkloadParams {
  readonly uri: string;
}
export type RecordedWorkloadResult =
  /** `kernel` is the simulated version that is nearest to the recorded machine's. Warnings are sentences. */
  | { readonly ok: true; readonly workload: Workload; readonly kernel: string; readonly warnings: readonly string[] }
  /** Why it can't be used, for people. */
  | { readonly ok: false; readonly why: string };

/** Notification, server to client: for the status bar item. */
export const STATUS_NOTIFICATION = 'livepatch/status';
export interface StatusParams {
  /** Of the server's package. */
  readonly version: string;
  readonly kernel: string;
  /** Open livepatch documents. */
  readonly documents: number;
  /** The last thing that went wrong, for people; null when nothing did. */
  readonly problem: string | null;
}

/** What a client may say in `initializationOptions`; everything is optional. */
export interface InitializationOptions {
  /** Send IMAGES_CHANGED and STATUS notifications. */
  readonly livepatchClient?: boolean;
  /** The client carries out the command SIMULATE_COMMAND (code lens, hover links). */
  readonly simulateCommand?: boolean;
  /** The client carries out the command VERIFY_COMMAND. */
  readonly verifyCommand?: boolean;
  /** The hover may contain a picture (an SVG data URI in Markdown) and command links. */
  readonly richHover?: boolean;
  /** Colours of the picture in the hover; `dark` when not said. */
  readonly theme?: PictureTheme;
  /** Settings, for clients without workspace/configuration. */
  readonly settings?: unknown;
}

/** Command with which code lens and hover open the panel. Arguments: document URI, name of the klp_patch variable. */
export const SIMULATE_COMMAND = 'livepatch.simulateTransition';

/** Command with which a code lens has the simulated load verified on a real kernel. Argument: document URI. */
export const VERIFY_COMMAND = 'livepatch.verifyOnKernel';

/** Section `livepatch` of the settings, with the defaults filled in. */
export interface Settings {
  readonly kernelVersion: string;
  readonly rules: { readonly [rule: string]: 'off' | 'error' | 'warning' | 'information' | 'hint' };
  readonly simulation: SimulationSettings;
  readonly codeLens: boolean;
  /** What the target kernel has under the names in the module. */
  readonly inlayHints: boolean;
  /** Findings in diffs of the kernel's source. */
  readonly diffs: boolean;
}

export interface SimulationSettings {
  /** `6.12` or `6.1`: the nearest version that the simulator knows to the setting `livepatch.kernel.version`. */
  readonly kernel: string;
  /** Id of a workload preset. */
  readonly workload: string;
  /** How many seeds a forecast takes. */
  readonly seeds: number;
}
