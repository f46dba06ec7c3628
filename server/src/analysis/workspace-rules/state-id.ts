import { knownValue, type LivepatchModule, type SourceRange } from '../../../../shared/src/model/index.ts';
import type { WorkspaceFinding, WorkspaceRule } from './workspace-rule.ts';

interface StateIn {
  readonly module: LivepatchModule;
  readonly id: number;
  readonly version: number;
  readonly range: SourceRange;
}

export const rule: WorkspaceRule = {
  id: 'state-downgrade',
  summary: 'Modules list one state in different versions: they can only be loaded in one order.',
  kernel:
    'klp_enable_patch() returns -EINVAL for a patch whose version of a state is lower than that of an installed patch (seen on 6.1 and 6.12).',
  check(modules) {
    const byId = new Map<number, StateIn[]>();
    for (const state of modules.flatMap(statesOf)) byId.set(state.id, [...(byId.get(state.id) ?? []), state]);
    return [...byId].flatMap(([id, states]) => finding(id, states));
  },
};

function statesOf(module: LivepatchModule): StateIn[] {
  return module.patches.flatMap(({ states }) => {
    if (states.kind !== 'known') return [];
    return states.table.entries.flatMap((state) => {
      const id = knownValue(state.id);
      if (state.terminator || id === undefined || state.version.kind === 'unknown') return [];
      return [{ module, id, version: knownValue(state.version) ?? 0, range: state.range }];
    });
  });
}

function finding(id: number, states: readonly StateIn[]): WorkspaceFinding[] {
  const ordered = states.toSorted((a, b) => a.version - b.version);
  const [lowest, highest] = [ordered[0], ordered.at(-1)];
  if (!lowest || !highest || lowest.version === highest.version || lowest.module === highest.module) return [];
  return [
    {
      message:
        `State ${id} has version ${lowest.version} in ${lowest.module.name} and ${highest.version} in ${highest.module.name}: ` +
        `after ${highest.module.name} is loaded the kernel refuses ${lowest.module.name} with EINVAL.`,
      places: ordered.map(({ module, range }) => ({ module: module.name, range })),
    },
  ];
}
