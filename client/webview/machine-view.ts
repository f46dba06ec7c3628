import { versionRun } from '../../shared/src/comparison/version-history.ts';
import type { FuncStackState, SysfsNode } from '../../shared/src/simulator/replay.ts';
import type { PatchState, Trace } from '../../shared/src/simulator/trace.ts';
import { element } from './dom.ts';
import { FunctionHistory } from './function-history.ts';

export interface MachineData {
  readonly functions: readonly FuncStackState[];
  readonly sysfs: readonly SysfsNode[];
  /** The selected task's patch_state, null when no task is selected. */
  readonly patchState: PatchState | null;
}

/** The lower half of the details: function versions and sysfs at the cursor. */
export class MachineView {
  readonly element: HTMLElement;
  private readonly now = element('div');
  private readonly history: FunctionHistory;
  private shown = '';

  /** `jump` puts the cursor at a time. */
  constructor(jump: (at: number) => void) {
    this.history = new FunctionHistory(jump);
    this.element = element('div', { class: 'machine' }, this.history.element, this.now);
  }

  update(data: MachineData, trace: Trace): void {
    this.history.update(trace);
    const key = JSON.stringify(data);
    if (key === this.shown) return;
    this.shown = key;
    this.now.replaceChildren(...versions(data), ...tree(data.sysfs));
  }
}

function versions({ functions, patchState }: MachineData): HTMLElement[] {
  const title = element('h3', {}, 'Function versions (func_stack)');
  if (functions.length === 0) return [title, element('p', { class: 'faint' }, 'Nothing is patched.')];
  const rows = functions.map((entry) => {
    const inTransition = entry.stack.some(({ transition }) => transition);
    const chain = entry.stack.map((version) => (version.nop ? `original (nop of ${version.patch})` : version.newFunc));
    const runs = patchState === null ? null : versionRun(entry.stack, patchState);
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
