import type { Settings } from '../../../shared/src/protocol.ts';
import type { KernelKnowledge } from '../kernel/knowledge.ts';
import type { DiffChecks } from '../workspace/diff-checks.ts';
import type { Forecasts } from '../workspace/forecasts.ts';
import type { ModuleChecks } from '../workspace/module-checks.ts';
import type { ModuleStore } from '../workspace/module-store.ts';
import type { SourceTree } from '../workspace/source-tree.ts';
import type { WorkspaceReading } from '../workspace/workspace-modules.ts';
import type { ClientAbilities } from './client-abilities.ts';
import type { Documents } from './documents.ts';

/** What the features work with. */
export interface FeatureContext {
  readonly client: ClientAbilities;
  readonly documents: Documents;
  readonly store: ModuleStore;
  readonly checks: ModuleChecks;
  readonly diffs: DiffChecks;
  readonly forecasts: Forecasts;
  /** Every livepatch module in the workspace's folders, as it is now. */
  workspaceModules(isWanted: () => boolean): Promise<WorkspaceReading>;
  settings(): Settings;
  /** The source of the target kernel; null when none is named and no folder of the workspace is one. */
  sourceTree(): SourceTree | null;
  /** What is known of the target kernel: null when nothing is, or until it is. */
  knowledge(): KernelKnowledge | null;
}
