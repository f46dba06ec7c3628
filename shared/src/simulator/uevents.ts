import type { Machine } from './machine.ts';
import { endSleep } from './task-actions.ts';

/**
 * kobject_uevent() of a module: when its init function has returned (do_init_module(), so after klp_enable_patch() made its
 * first pass), and when it is gone (mod_sysfs_teardown()). Whoever listens and sleeps has something to read, wakes, and so
 * leaves its system call.
 */
export function tellUevent(m: Machine): void {
  if (!m.anyHearsUevents) return;
  for (const task of m.tasks) {
    if (!m.hearsUevents(task)) continue;
    m.look(task);
    const { phase } = task;
    if (phase.do === 'sleep' && phase.state === 'interruptible' && !task.isStopped) endSleep(m, task);
  }
}
