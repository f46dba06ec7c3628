import type { LivepatchModule } from '../../../../../shared/src/model/index.ts';
import type { RuleFinding } from '../../rule.ts';
import { type Target, targets } from '../targets.ts';

/** A finding for each function of vmlinux that the module replaces and that is among these. */
export function namedTargets(
  module: LivepatchModule,
  isMeant: (name: string) => boolean,
  message: (target: Target) => string,
): RuleFinding[] {
  return targets(module)
    .filter(({ name, objectName }) => objectName === null && isMeant(name))
    .map((target) => ({ range: target.range, message: message(target) }));
}

/** A set of the words in a text. */
export function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}

/**
 * System calls that SYSCALL_DEFINE0 defines: on x86-64 their entries are names of one address
 * (arch/x86/include/asm/syscall_wrapper.h).
 */
export const SYSCALLS_WITHOUT_ARGUMENTS = words(
  `fork getegid getegid16 geteuid geteuid16 getgid getgid16 getpgrp getpid getppid gettid getuid getuid16 inotify_init
  munlockall pause restart_syscall rt_sigreturn sched_yield setsid sgetmask sync uretprobe vfork vhangup`,
);

/** kernel/sched/core.c, kernel/kthread.c, kernel/workqueue.c, kernel/smpboot.c: some task is in them, always. */
export const ALWAYS_ON_STACK = words('schedule kthread kthreadd worker_thread rescuer_thread smpboot_thread_fn');
