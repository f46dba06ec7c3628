import type { ObjectSketch, Story, StoryStep, TaskSketch } from '../story.ts';

/** What the stories are written with. */

export const CMDLINE: ObjectSketch = { object: 'vmlinux', funcs: ['cmdline_proc_show'] };
export const CALLED: ObjectSketch = { ...CMDLINE, callbacks: 'all' };
export const A = 'klp_target_a';
export const B = 'klp_target_b';
export const inTarget = (target: string, ...functions: string[]): ObjectSketch => ({
  object: target,
  funcs: functions.map((name) => `${target}_${name}`),
  callbacks: 'all',
});

/** Ways to sleep that the target modules have. */
export const SLEEPS = ['interruptible', 'eintr', 'killable', 'uninterruptible'] as const;
export type Sleep = (typeof SLEEPS)[number];

/** A task that reads a file of a target: it sleeps there until the target's gate is opened. */
export const reader = (sleep: Sleep, target = A): TaskSketch => ({
  does: 'read',
  file: `/proc/${target}/${sleep}`,
  stack: [`${target}_${sleep} [${target}]`, `${sleep}_read [${target}]`, 'proc_reg_read', 'vfs_read', 'ksys_read'],
  ...(sleep === 'eintr' ? { onSignal: 'EINTR' } : sleep === 'interruptible' ? {} : { state: sleep }),
});
/** The target's own thread. */
export const thread = (target = A): TaskSketch => ({
  does: 'kernel-thread',
  stack: [`${target}_thread_wait [${target}]`, `thread_main [${target}]`],
  afterWake: ['schedule_timeout', `thread_main [${target}]`],
});

export const settle: StoryStep = { wait: 'transition' };
export const load = (patch: string): StoryStep => ({ load: patch });
export const unload = (patch: string): StoryStep => ({ unload: patch });
export const target = (name: string, parameters?: { readonly thread: number }): StoryStep => ({
  'load-target': name,
  ...(parameters ? { parameters } : {}),
});
export const untarget = (name: string): StoryStep => ({ 'unload-target': name });
export const write = (path: string, value: string): StoryStep => ({ write: path, value });
export const wait = (seconds: number): StoryStep => ({ wait: seconds });
export const disable = (patch: string): StoryStep => ({ disable: patch });
export const start = (task: string): StoryStep => ({ start: task });
/** Opens the gate of a target, which lets `task` go on. */
export const open = (task: string, target = A): StoryStep => ({
  wake: task,
  by: { file: `/proc/${target}/gate`, value: '1' },
});

/** Disable, let the transition end, unload. */
export const retire = (patch: string): StoryStep[] => [disable(patch), settle, unload(patch)];
/** Load, let the transition end, and all of that. */
export const life = (patch: string): StoryStep[] => [load(patch), settle, ...retire(patch)];

/** A task that nobody can wake sleeps in a function that lp_one replaces. */
export const SLEEPER: Pick<Story, 'patches' | 'targets' | 'tasks'> = {
  patches: { lp_one: { objects: [CALLED, inTarget(A, 'uninterruptible')] } },
  targets: [A],
  tasks: { sleeper: reader('uninterruptible') },
};
/** It does, and lp_one is loaded: the transition hangs. */
export const hangs: readonly StoryStep[] = [target(A), start('sleeper'), load('lp_one')];
