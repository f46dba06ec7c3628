import type { LivepatchModule } from '../../../../shared/src/model/index.ts';
import { rule as droppedFix } from './dropped-fix.ts';
import { rule as missingState } from './missing-state.ts';
import { rule as mixedReplace } from './mixed-replace.ts';
import { rule as sameFunction } from './same-function.ts';
import { rule as sameName } from './same-name.ts';
import { rule as shadowId } from './shadow-id.ts';
import { rule as stateId } from './state-id.ts';
import type { WorkspaceFinding, WorkspaceRule } from './workspace-rule.ts';

export const WORKSPACE_RULES: readonly WorkspaceRule[] = [
  sameFunction,
  droppedFix,
  mixedReplace,
  stateId,
  missingState,
  shadowId,
  sameName,
];

export interface Conflict extends WorkspaceFinding {
  readonly rule: string;
  /** What kernels do. */
  readonly kernel: string;
}

/** What does not go together among modules that may be loaded on one machine. */
export function workspaceConflicts(modules: readonly LivepatchModule[]): Conflict[] {
  return WORKSPACE_RULES.flatMap((rule) =>
    rule.check(modules).map((finding) => ({ ...finding, rule: rule.id, kernel: rule.kernel })),
  );
}
