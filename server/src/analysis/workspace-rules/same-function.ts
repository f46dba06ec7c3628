import { knownValue } from '../../../../shared/src/model/index.ts';
import { type PatchedFunction, patchedFunctions } from './patched-functions.ts';
import type { WorkspaceFinding, WorkspaceRule } from './workspace-rule.ts';

export const rule: WorkspaceRule = {
  id: 'same-function',
  summary: 'Two modules replace the same function.',
  kernel:
    'Both go on the func_stack of the function and the one that is loaded last is called; the other is not called any more (seen on 6.1 and 6.12).',
  check(modules) {
    const byFunction = new Map<string, PatchedFunction[]>();
    for (const patched of modules.flatMap(patchedFunctions)) {
      const key = `${patched.object} ${patched.name} ${patched.position}`;
      byFunction.set(key, [...(byFunction.get(key) ?? []), patched]);
    }
    return [...byFunction.values()].flatMap(finding);
  },
};

function finding(all: readonly PatchedFunction[]): WorkspaceFinding[] {
  // A patch that replaces all others leaves nothing to conflict with: it is a version of the others.
  const stacked = all.filter(({ patch }) => knownValue(patch.replace) !== true && patch.replace.kind !== 'unknown');
  const modules = new Set(stacked.map(({ module }) => module));
  const [first] = stacked;
  if (first === undefined || modules.size < 2) return [];
  const where = first.object === 'vmlinux' ? '' : ` of ${first.object}`;
  return [
    {
      message: `${first.name}()${where} is replaced by ${modules.size} modules. The one that is loaded last is called, the others are not.`,
      places: stacked.map(({ module, func }) => ({ module: module.name, range: func.range })),
    },
  ];
}
