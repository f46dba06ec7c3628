import type { LivepatchModule } from '../../../../shared/src/model/index.ts';
import type { WorkspaceRule } from './workspace-rule.ts';

export const rule: WorkspaceRule = {
  id: 'same-module-name',
  summary: 'Two modules have the same name.',
  kernel: 'insmod of the second one fails with EEXIST while the first is loaded (kernel/module/main.c).',
  check(modules) {
    const byName = new Map<string, LivepatchModule[]>();
    for (const module of modules) byName.set(module.name, [...(byName.get(module.name) ?? []), module]);
    return [...byName].flatMap(([name, same]) =>
      same.length < 2
        ? []
        : [
            {
              message: `${same.length} modules are called ${name}: only one of them can be loaded at a time.`,
              places: same.map((module) => ({
                module: name,
                range: module.patches[0]?.nameRange ?? { file: module.files[0]?.file ?? '', start: 0, end: 0 },
              })),
            },
          ],
    );
  },
};
