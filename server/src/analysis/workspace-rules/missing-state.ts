import {
  type KlpPatch,
  knownValue,
  type LivepatchModule,
  type SourceRange,
} from '../../../../shared/src/model/index.ts';
import { precedes } from './module-order.ts';
import type { WorkspaceFinding, WorkspaceRule } from './workspace-rule.ts';

export const rule: WorkspaceRule = {
  id: 'missing-state',
  summary: 'A patch that replaces all others lacks a state that another one of them has.',
  kernel:
    'klp_enable_patch() returns -EINVAL for a patch with .replace that does not list every state of the installed patches (seen on 6.1 and 6.12).',
  check(modules) {
    const cumulative = modules.flatMap((module) =>
      module.patches.flatMap((patch) => {
        const own = knownValue(patch.replace) === true ? stateIds(patch) : null;
        return own ? [{ module, patch, own: new Set(own.map(({ id }) => id)) }] : [];
      }),
    );
    return cumulative.flatMap(({ module, patch, own }) =>
      modules
        .filter((other) => other !== module && precedes(other, module))
        .flatMap((other) => {
          const missing = other.patches.flatMap((each) => stateIds(each) ?? []).filter(({ id }) => !own.has(id));
          return missing.length === 0 ? [] : [finding(module, patch, other, missing)];
        }),
    );
  },
};

interface StateId {
  readonly id: number;
  readonly range: SourceRange;
}

/** The ids of a patch's states; null when not all of them are known. */
function stateIds({ states }: KlpPatch): StateId[] | null {
  if (states.kind === 'absent' || states.kind === 'null') return [];
  if (states.kind !== 'known' || states.table.open) return null;
  const ids: StateId[] = [];
  for (const { id, terminator, conditions, range } of states.table.entries) {
    if (terminator) continue;
    if (id.kind !== 'known' || conditions.length > 0) return null;
    ids.push({ id: id.value, range });
  }
  return ids;
}

function finding(
  module: LivepatchModule,
  patch: KlpPatch,
  other: LivepatchModule,
  missing: readonly StateId[],
): WorkspaceFinding {
  const ids = missing.map(({ id }) => id).join(', ');
  return {
    message: `${module.name} replaces ${other.name}, but does not list its state ${ids}: while ${other.name} is loaded the kernel refuses it with EINVAL.`,
    places: [
      { module: module.name, range: patch.nameRange },
      ...missing.map(({ range }) => ({ module: other.name, range })),
    ],
  };
}
