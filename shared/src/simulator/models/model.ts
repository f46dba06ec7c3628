import type { Machine } from '../machine.ts';
import type { Task } from '../task.ts';
import type { BlockReason } from '../trace.ts';
import type { FrameChecks } from '../transition.ts';

/** A place at which a running task may switch itself. */
export type SwitchPoint = 'kernel-exit' | 'idle' | 'cond_resched' | 'freezable-sleep';

/** When a task may go over to the other code: what distinguishes one way of live patching from another. */
export interface ConsistencyModel {
  readonly id: string;
  readonly title: string;
  /** klp_have_reliable_stack() is false, which the kernel warns about when a patch is loaded. */
  readonly lacksReliableStacks?: true;
  /** What klp_enable_patch() warns of with each patch; absent: nothing. */
  readonly warnings?: readonly string[];
  /** Whether the periodic pass may switch this task now; null when it may, else why not. */
  tryTask(m: Machine, task: Task, checks: FrameChecks): BlockReason | null;
  /** What happens when a task that is still to switch comes to that point. */
  atPoint(m: Machine, point: SwitchPoint): 'switch' | 'check-stack' | 'nothing';
}
