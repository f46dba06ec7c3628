import type { Task } from '../simulator/task.ts';

/** What a model wants to know of tasks that it follows. */
export interface BenchHooks {
  /** It returned to user space, or is interrupted there: nothing of the kernel is on its stack. */
  leftKernel?(task: Task): void;
  /** It began another phase without having left the kernel. */
  phaseChanged?(task: Task): void;
  /** It began another phase after it had left the kernel: what is on its stack now is new. */
  cameBack?(task: Task): void;
  /** A child came to life with its parent's state. */
  forked?(child: Task): void;
  /** A task is gone. */
  exited?(task: Task): void;
  /** The run is given up now, with the model not done. */
  timeUp?(): void;
}
