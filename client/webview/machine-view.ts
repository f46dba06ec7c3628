import type { FuncStackState, SysfsNode } from '../../shared/src/simulator/replay.ts';
import type { FuncStackEntry, PatchState } from '../../shared/src/simulator/trace.ts';
import { element } from './dom.ts';

export interface MachineData {
  readonly functions: readonly FuncStackState[];
  readonly sysfs: readonly SysfsNode[];
  /** The selected task's patch_state, null when no task is selected. */
  readonly patchState: PatchState | null;
}

/** The lower half of the details: function versions and sysfs at the cursor. */
export class MachineView {
  readonly element = element('div', { class: 'machine' });
  private shown = '';

  update(data: MachineData): void {
    const key = JSON.stringify(data);
    if (key === this.shown) return;
    this.shown = key;
    this.element.replaceChildren(...versions(data), ...tree(data.sysfs));
  }
}

/** Which version the ftrace handler sends a caller to (klp_ftrace_handler). */
export function runsVersion(stack: readonly FuncStackEntry[], state: PatchState): FuncStackEntry | 'original' {
  const [top, below] = stack;
  const chosen = top?.transition === true && state === 0 ? below : top;
  return chosen === undefined || chosen.nop ? 'original' : chosen;
}

function versions({ functions, patchState }: MachineData): HTMLElement[] {
  const title = element('h3', {}, 'Function versions (func_stack)');
  if (functions.length === 0) return [title, element('p', { class: 'faint' }, 'Nothing is patched.')];
  const rows = functions.map((entry) => {
    const inTransition = entry.stack.some(({ transition }) => transition);
    const chain = entry.stack.map((version) => (version.nop ? `original (nop of ${version.patch})` : version.newFunc));
    const runs = patchState === null ? null : runsVersion(entry.stack, patchState);
    return element(
      'li',
      {},
      element(
        'div',
        { class: 'head' },
        element('span', {}, entry.object === 'vmlinux' ? entry.function : `${entry.object}:${entry.function}`),
        element('span', { class: inTransition ? 'changed' : 'faint' }, inTransition ? 'in transition' : 'active'),
      ),
      element(
        'div',
        { class: 'faint' },
        `${chain.join(' over ')}${chain.at(-1) === 'original' ? '' : ' over original'}`,
      ),
      runs === null
        ? null
        : element('div', {}, `this task runs ${runs === 'original' ? 'the original' : runs.newFunc}`),
    );
  });
  return [title, element('ul', { class: 'versions' }, ...rows)];
}

function tree(sysfs: readonly SysfsNode[]): HTMLElement[] {
  const title = element('h3', {}, element('span', { class: 'path' }, '/sys/kernel/livepatch'));
  if (sysfs.length === 0) return [title, element('p', { class: 'faint' }, 'Empty.')];
  const items = sysfs.map(({ path, kind, value }) =>
    element(
      'li',
      {},
      element('span', {}, kind === 'dir' ? `${path}/` : path),
      element(
        'span',
        { class: path.endsWith('/transition') && value === '1' ? 'value changed' : 'value' },
        value ?? (kind === 'file' ? 'write only' : ''),
      ),
    ),
  );
  return [title, element('ul', { class: 'sysfs' }, ...items)];
}
