import { type KlpObject, type KlpPatch, knownValue, type LivepatchModule } from '../../../shared/src/model/index.ts';
import type { WorkspaceModule, WorkspaceResult } from '../../../shared/src/protocol.ts';
import { workspaceConflicts } from '../analysis/workspace-rules/index.ts';
import type { FeatureContext } from './context.ts';
import { ModuleLocations } from './module-locations.ts';

/** The modules of the workspace with what they replace, and what does not go together: for the tree of livepatches. */
export async function workspace(context: FeatureContext, isWanted: () => boolean): Promise<WorkspaceResult> {
  const { modules, cut } = await context.workspaceModules(isWanted);
  const locations = new ModuleLocations(modules);
  return {
    modules: modules
      .map((module) => workspaceModule(module, locations))
      .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)),
    conflicts: workspaceConflicts(modules).map(({ rule, message, kernel, places }) => ({
      rule,
      message,
      kernel,
      places: places.map(({ module, range }) => ({ module, location: locations.of(range) })),
    })),
    note: cut,
  };
}

function workspaceModule(module: LivepatchModule, locations: ModuleLocations): WorkspaceModule {
  return {
    name: module.name,
    patches: module.patches.map((patch) => ({
      name: patch.name,
      location: locations.of(patch.nameRange),
      replace: patch.replace.kind === 'unknown' ? null : (knownValue(patch.replace) ?? false),
      objects: objectsOf(patch, locations),
    })),
  };
}

function objectsOf({ objs }: KlpPatch, locations: ModuleLocations): WorkspaceModule['patches'][number]['objects'] {
  if (objs.kind !== 'known') return [];
  return objs.table.entries.flatMap((object) => {
    if (object.terminator) return [];
    return [
      { name: objectName(object), location: locations.of(object.range), functions: functionsOf(object, locations) },
    ];
  });
}

const objectName = ({ name }: KlpObject): string | null =>
  name.kind === 'unknown' ? null : (knownValue(name) ?? 'vmlinux');

function functionsOf(
  { funcs }: KlpObject,
  locations: ModuleLocations,
): WorkspaceModule['patches'][number]['objects'][number]['functions'] {
  if (funcs.kind !== 'known') return [];
  return funcs.table.entries.flatMap((func) => {
    if (func.terminator) return [];
    return [
      {
        name: knownValue(func.oldName) ?? null,
        replacement: knownValue(func.newFunc)?.name ?? null,
        location: locations.of(func.range),
      },
    ];
  });
}
