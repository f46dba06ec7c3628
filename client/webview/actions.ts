import type { PatchImage } from '../../shared/src/model/index.ts';
import type { PanelAction } from '../../shared/src/panel-messages.ts';
import type { SysfsNode } from '../../shared/src/simulator/replay.ts';
import type { Trace } from '../../shared/src/simulator/trace.ts';
import type { Workload } from '../../shared/src/simulator/workload.ts';

/** What the machine is like at the cursor, as far as it decides what can be done. */
export interface ActionContext {
  /** The module's patches. */
  readonly images: readonly PatchImage[];
  readonly sysfs: readonly SysfsNode[];
  /** Modules that are loaded, livepatches included. */
  readonly modules: ReadonlySet<string>;
}

export type PossibleAction = {
  readonly label: string;
  /** What somebody would type, and what comes of it. */
  readonly title: string;
  readonly action: WithoutTime<PanelAction>;
};

type WithoutTime<T> = T extends { readonly at: number } ? Omit<T, 'at'> : never;

/**
 * What somebody at the machine could sensibly do now. What the kernel would only refuse is left out, except a second
 * operation during a transition: its EBUSY is worth seeing.
 */
export function possibleActions(context: ActionContext): PossibleAction[] {
  const several = context.images.length > 1;
  const out: PossibleAction[] = [];
  const files = new Map(context.sysfs.map(({ path, value }) => [path, value]));
  for (const image of context.images) {
    const name = image.module;
    const suffix = several ? ` ${image.variable ?? name}` : '';
    const enabled = files.get(`${name}/enabled`);
    if (enabled === undefined) {
      if (context.modules.has(name)) {
        out.push({
          label: `rmmod${suffix}`,
          title: `rmmod ${name}: the patch is disabled, its module can go`,
          action: { do: 'unload', module: name },
        });
      } else {
        out.push({
          label: `Load${suffix} again`,
          title: `insmod ${name}.ko`,
          action: { do: 'load', patch: image.variable },
        });
      }
      continue;
    }
    if (files.get(`${name}/transition`) === '1') {
      const value = enabled === '1' ? '0' : '1';
      out.push(
        {
          label: `Reverse${suffix}`,
          title: `echo ${value} > /sys/kernel/livepatch/${name}/enabled: turn the transition around`,
          action: { do: 'write', path: `${name}/enabled`, value },
        },
        {
          label: `Force${suffix}`,
          title: `echo 1 > /sys/kernel/livepatch/${name}/force: switch every task at once, whatever it runs`,
          action: { do: 'write', path: `${name}/force`, value: '1' },
        },
      );
    } else if (enabled === '1') {
      out.push({
        label: `Disable${suffix}`,
        title: `echo 0 > /sys/kernel/livepatch/${name}/enabled`,
        action: { do: 'write', path: `${name}/enabled`, value: '0' },
      });
    }
  }
  for (const target of targets(context.images)) {
    out.push(
      context.modules.has(target)
        ? {
            label: `Remove ${target}`,
            title: `rmmod ${target}: a module that the patch changes goes away`,
            action: { do: 'unload-target', module: target },
          }
        : {
            label: `Load ${target}`,
            title: `modprobe ${target}: a module that the patch changes is loaded`,
            action: { do: 'load-target', module: target },
          },
    );
  }
  return out;
}

/** Modules that the patches name as objects. */
function targets(images: readonly PatchImage[]): string[] {
  const names = images.flatMap((image) => image.objects.flatMap(({ name }) => (name === null ? [] : [name])));
  return [...new Set(names)];
}

/** The modules that are loaded at `at`: those of the machine and those that came, without those that went. */
export function loadedModules(workload: Workload, trace: Trace, at: number): Set<string> {
  const loaded = new Set(workload.modules);
  for (const event of trace.events) {
    if (event.at > at) break;
    if (event.type !== 'module') continue;
    if (event.state === 'loaded') loaded.add(event.module);
    else loaded.delete(event.module);
  }
  return loaded;
}
