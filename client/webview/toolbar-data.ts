import { REPLACE_POLICIES } from '../../shared/src/simulator/replace/index.ts';
import { PRESETS } from '../../shared/src/simulator/workloads/index.ts';
import type { Look } from './look.ts';
import type { Player } from './player.ts';
import { RECORDED, type Session } from './session.ts';
import type { ToolbarData } from './toolbar.ts';

/** Kernels that the simulator knows, newest first, and the newest with what was proposed for replacing patches. */
const KERNELS: readonly { readonly value: string; readonly title: string }[] = [
  ...['6.12', '6.1'].map((kernel) => ({ value: kernel, title: `Linux ${kernel}` })),
  ...REPLACE_POLICIES.filter(({ released }) => !released).map(({ id }) => ({
    value: `6.12+${id}`,
    title: `6.12 with ${id}, never merged`,
  })),
];
/** The entry of the list of machines that asks for a recording. */
export const CHOOSE = 'choose';

/** What the toolbar shows of what is simulated and looked at. `end` is the run's end in microseconds. */
export function toolbarData(session: Session, look: Look, player: Player, end: number): ToolbarData {
  return {
    playing: player.playing,
    cursor: look.cursor,
    end: end,
    speed: player.speed,
    patches: session.images.map(({ variable, module }) => ({ value: variable ?? '', title: variable ?? module })),
    patch: session.patch ?? '',
    workloads: [
      ...PRESETS.map(({ id, title }) => ({ value: id, title })),
      ...(session.machine ? [{ value: RECORDED, title: session.machine.workload.title }] : []),
      { value: CHOOSE, title: 'A recorded machine…' },
    ],
    workload: session.preset,
    kernels: KERNELS,
    kernel: session.kernel,
    seed: session.seed,
    typical: session.chosenSeed === null,
    table: look.table,
    sheet: look.sheet,
    filter: look.filter,
  };
}
