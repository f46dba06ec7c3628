import { type KlpPatch, knownValue, type LivepatchModule } from '../../../../shared/src/model/index.ts';
import { precedes } from './module-order.ts';
import { type PatchedFunction, patchedFunctions } from './patched-functions.ts';
import type { WorkspaceFinding, WorkspaceRule } from './workspace-rule.ts';

export const rule: WorkspaceRule = {
  id: 'dropped-fix',
  summary: 'A patch that replaces all others lacks a function that another one of them replaces.',
  kernel:
    'While it replaces the other one, a nop goes on the func_stack of such a function: its original runs again (seen on 6.1 and 6.12).',
  check(modules) {
    const cumulative = modules.flatMap((module) =>
      module.patches.flatMap((patch) => (isCumulative(patch) ? [{ module, patch }] : [])),
    );
    const patched = new Map(modules.map((module) => [module, patchedFunctions(module)]));
    return cumulative.flatMap(({ module, patch }) => {
      // What is in there is only known when all of it was read.
      if (!module.complete || !allKnown(patch)) return [];
      const own = new Set((patched.get(module) ?? []).map(keyOf));
      return modules
        .filter((other) => other !== module && precedes(other, module))
        .flatMap((other) => {
          const dropped = (patched.get(other) ?? []).filter((each) => !own.has(keyOf(each)));
          return dropped.length === 0 ? [] : [finding(module, patch, other, dropped)];
        });
    });
  },
};

const isCumulative = (patch: KlpPatch): boolean => knownValue(patch.replace) === true;
const keyOf = ({ object, name, position }: PatchedFunction): string => `${object} ${name} ${position}`;

function allKnown(patch: KlpPatch): boolean {
  return (
    patch.objs.kind === 'known' &&
    !patch.objs.table.open &&
    patch.objs.table.entries.every(
      ({ terminator, funcs }) => terminator || (funcs.kind === 'known' && !funcs.table.open) || funcs.kind === 'null',
    )
  );
}

function finding(
  module: LivepatchModule,
  patch: KlpPatch,
  other: LivepatchModule,
  dropped: readonly PatchedFunction[],
): WorkspaceFinding {
  const shown = dropped.slice(0, 3).map(({ name }) => `${name}()`);
  const more = dropped.length > shown.length ? ` and ${dropped.length - shown.length} more` : '';
  return {
    message: `${module.name} replaces ${other.name}, but not its ${shown.join(', ')}${more}: the original runs again.`,
    places: [
      { module: module.name, range: patch.nameRange },
      ...dropped.map(({ func }) => ({ module: other.name, range: func.range })),
    ],
  };
}
