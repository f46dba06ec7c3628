import { TASK_ACTIVITIES, type TaskActivity } from '../../../shared/src/scenario/scenario.ts';

/**
 * What a guest is asked to do. A plan is one independent experiment: it starts on a clean machine, and what it leaves
 * behind is cleaned up after it. guest/agent.c carries plans out.
 */
export interface GuestPlan {
  readonly name: string;
  /** Milliseconds of the guest's time after which the plan counts as hung. */
  readonly limit: number;
  /** The same for each step, besides the time that it is to wait; absent: only the plan has a limit. */
  readonly stepLimit?: number;
  /** No other plan runs in the same boot after it: it may leave something behind that does not show at once. */
  readonly alone?: boolean;
  readonly steps: readonly GuestStep[];
}

export type GuestStep =
  /** `file` is the module's path in the guest. */
  | { readonly do: 'insmod'; readonly file: string; readonly params?: string }
  /** Tries again for `patience` milliseconds while the kernel says that the module is in use. */
  | { readonly do: 'rmmod'; readonly module: string; readonly patience: number }
  | { readonly do: 'write'; readonly path: string; readonly value: string }
  | { readonly do: 'read'; readonly path: string }
  | { readonly do: 'wait'; readonly ms: number }
  /** Waits until no patch is in transition and none is about to be freed; ETIMEDOUT after `limit` milliseconds. */
  | { readonly do: 'wait-quiet'; readonly limit: number }
  /** Starts a task called `name` that does what guest/task.c knows as `what`. */
  | { readonly do: 'start'; readonly name: string; readonly what: TaskDoing; readonly argument?: string }
  /** Looks at the kernel thread called `name` from now on, as at a started task. */
  | { readonly do: 'watch'; readonly name: string }
  | { readonly do: 'signal'; readonly name: string; readonly signal: number }
  /** Lets a task go on that waits for its standard input (read, epoll, poll, select, vfork). */
  | { readonly do: 'release'; readonly name: string }
  | { readonly do: 'shell'; readonly command: string }
  /** Reports every thread of the machine with its stack. */
  | { readonly do: 'tasks' };

/** What a helper task can do: see guest/task.c. Kernel threads are there without it. */
export const TASK_DOINGS = TASK_ACTIVITIES.filter((activity) => activity !== 'kernel-thread');
export type TaskDoing = Exclude<TaskActivity, 'kernel-thread'>;

/** Where the guest's agent looks for plans; the first is `/plans/0`. */
export const PLAN_DIRECTORY = 'plans';

/** The plan as guest/agent.c reads it: the limits and `alone` on a line, then a line for each step with fields between tabs. */
export function planText(plan: GuestPlan): string {
  const lines = plan.steps.map((step) => fields(step).map(escapeField).join('\t'));
  return [`${plan.limit} ${plan.stepLimit ?? plan.limit}${plan.alone ? ' alone' : ''}`, ...lines, ''].join('\n');
}

function fields(step: GuestStep): string[] {
  switch (step.do) {
    case 'insmod':
      return ['insmod', step.file, step.params ?? ''];
    case 'rmmod':
      return ['rmmod', step.module, String(step.patience)];
    case 'write':
      return ['write', step.path, step.value];
    case 'read':
      return ['read', step.path];
    case 'wait':
      return ['wait', String(step.ms)];
    case 'wait-quiet':
      return ['wait-quiet', String(step.limit)];
    case 'start':
      return ['start', step.name, step.what, ...(step.argument === undefined ? [] : [step.argument])];
    case 'watch':
      return ['watch', step.name];
    case 'signal':
      return ['signal', step.name, String(step.signal)];
    case 'release':
      return ['release', step.name];
    case 'shell':
      return ['shell', step.command];
    case 'tasks':
      return ['tasks'];
  }
}

function escapeField(text: string): string {
  return text.replace(/[\\\t\n]/g, (c) => (c === '\t' ? '\\t' : c === '\n' ? '\\n' : '\\\\'));
}
