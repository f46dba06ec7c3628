import { type CallSite, knownValue, type LivepatchModule } from '../../../../shared/src/model/index.ts';
import type { WorkspaceRule } from './workspace-rule.ts';

const ALLOCATES = /^klp_shadow_(?:alloc|get_or_alloc)$/;

interface Allocation {
  readonly module: LivepatchModule;
  readonly call: CallSite;
  /** What is asked for, as written. */
  readonly size: string;
}

export const rule: WorkspaceRule = {
  id: 'shadow-id-collision',
  summary: 'Two modules use one shadow id for data of different size.',
  kernel:
    'A shadow variable is found by object and id alone: whoever asks second gets the first one’s data, whatever its size (kernel/livepatch/shadow.c).',
  check(modules) {
    const byId = new Map<number, Allocation[]>();
    for (const module of modules) {
      for (const call of module.functions.flatMap(({ calls }) => calls)) {
        const id =
          ALLOCATES.test(call.callee) && call.arguments[1] ? knownValue(call.arguments[1].constant) : undefined;
        const size = call.arguments[2]?.text.replace(/\s+/g, '');
        if (id === undefined || size === undefined) continue;
        byId.set(id, [...(byId.get(id) ?? []), { module, call, size }]);
      }
    }
    return [...byId].flatMap(([id, allocations]) => {
      const sizes = [...new Set(allocations.map(({ size }) => size))];
      const inModules = new Set(allocations.map(({ module }) => module));
      // `sizeof(*p)` says nothing by itself: the same words may mean another type.
      if (inModules.size < 2 || sizes.length < 2 || sizes.some((size) => size.startsWith('sizeof(*'))) return [];
      return [
        {
          message: `Shadow id ${shown(id)} stands for data of ${sizes.slice(0, 3).join(' and of ')}. On one object the second module gets the first one’s data.`,
          places: allocations.map(({ module, call }) => ({ module: module.name, range: call.range })),
        },
      ];
    });
  },
};

const shown = (id: number): string => (id > 9 ? `${id} (0x${id.toString(16)})` : String(id));
