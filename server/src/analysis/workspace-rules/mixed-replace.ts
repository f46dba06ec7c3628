import { type KlpPatch, knownValue, type LivepatchModule } from '../../../../shared/src/model/index.ts';
import type { WorkspacePlace, WorkspaceRule } from './workspace-rule.ts';

export const rule: WorkspaceRule = {
  id: 'mixed-replace',
  summary: 'Some modules replace all others, some do not.',
  kernel: 'Loading a patch with .replace disables every other livepatch, whoever made it (seen on 6.1 and 6.12).',
  check(modules) {
    const all = modules.flatMap((module) => module.patches.map((patch) => ({ module, patch })));
    const replacing = all.filter(({ patch }) => knownValue(patch.replace) === true);
    const stacking = all.filter(({ patch }) => patch.replace.kind === 'absent' || knownValue(patch.replace) === false);
    if (replacing.length === 0 || stacking.length === 0) return [];
    return [
      {
        message:
          `${names(replacing)} ${replacing.length === 1 ? 'replaces' : 'replace'} all other livepatches: ` +
          `what ${names(stacking)} ${stacking.length === 1 ? 'fixes' : 'fix'} is not fixed any more afterwards, unless it is in there, too.`,
        places: [...replacing, ...stacking].map(place),
      },
    ];
  },
};

interface PatchIn {
  readonly module: LivepatchModule;
  readonly patch: KlpPatch;
}

const place = ({ module, patch }: PatchIn): WorkspacePlace => ({ module: module.name, range: patch.nameRange });

/** `a, b and 3 others`. */
function names(patches: readonly PatchIn[]): string {
  const all = [...new Set(patches.map(({ module }) => module.name))].sort();
  if (all.length <= 3) return all.length < 2 ? (all[0] ?? '') : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`;
  return `${all.slice(0, 2).join(', ')} and ${all.length - 2} others`;
}
