import type { PatchImage } from '../model/index.ts';

/** One thing that somebody does to the machine. `at` is microseconds since the run's start; steps are in order of time. */
export type Step = { readonly at: number } & Action;

export type Action =
  /** insmod of a livepatch module, with the parameters on its command line as they are written there. */
  | { readonly do: 'load'; readonly image: PatchImage; readonly parameters?: { readonly [name: string]: string } }
  /** echo VALUE > /sys/module/MODULE/parameters/NAME of a loaded livepatch module. */
  | { readonly do: 'set-parameter'; readonly module: string; readonly name: string; readonly value: string }
  /** rmmod of a livepatch module. */
  | { readonly do: 'unload'; readonly module: string }
  /** echo VALUE > /sys/kernel/livepatch/PATH: `livepatch_sample/enabled` with `0` disables or reverses, `…/force` with `1` forces. */
  | { readonly do: 'write'; readonly path: string; readonly value: string }
  /** modprobe and rmmod of an ordinary module that a patch may name as an object. */
  | { readonly do: 'load-target'; readonly module: string }
  | { readonly do: 'unload-target'; readonly module: string }
  /** sysctl -w NAME=VALUE; only `kernel.ftrace_enabled` means something here. */
  | { readonly do: 'sysctl'; readonly name: string; readonly value: string }
  /** Starts the tasks of a group of the workload that waits for it (`starts: 'by-step'`), by its `comm`. */
  | { readonly do: 'start'; readonly task: string }
  /** What the task of this `comm` sleeps for has happened: its present sleep ends. Other tasks are left alone. */
  | { readonly do: 'wake'; readonly task: string }
  /** kill -SIGNAL: number as on x86 (9 is SIGKILL). */
  | { readonly do: 'signal'; readonly task: string; readonly signal: number };
