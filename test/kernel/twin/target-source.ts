import type { ModuleSource } from '../../../server/src/kernel-runner/build-modules.ts';

/**
 * A module for livepatches to patch, under the name that is asked for (NAME below). Its files:
 * - /proc/NAME/interruptible, uninterruptible, killable, eintr: a reader sleeps in NAME_interruptible() and so on until
 *   the gate is opened (`eintr` tells a signal by EINTR, `interruptible` by ERESTARTSYS)
 * - /proc/NAME/gate: a write opens the gate for ever
 * With `thread=1` a kernel thread called NAME sleeps in NAME_thread_wait(), which its loop calls.
 */
export function targetSource(name: string): ModuleSource {
  return { name, files: { [`${name}.c`]: TEXT.replaceAll('NAME', name) } };
}

const TEXT = `#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/sched/signal.h>
#include <linux/wait.h>

static int thread;
module_param(thread, int, 0444);

static DECLARE_WAIT_QUEUE_HEAD(gate);
static bool gate_is_open;
static struct task_struct *task;
static struct proc_dir_entry *directory;

int NAME_interruptible(void);
noinline int NAME_interruptible(void)
{
	int ret = wait_event_interruptible(gate, gate_is_open);

	barrier();
	return ret;
}

int NAME_eintr(void);
noinline int NAME_eintr(void)
{
	int ret = wait_event_interruptible(gate, gate_is_open);

	barrier();
	return ret ? -EINTR : 0;
}

int NAME_killable(void);
noinline int NAME_killable(void)
{
	int ret = wait_event_killable(gate, gate_is_open);

	barrier();
	return ret;
}

int NAME_uninterruptible(void);
noinline int NAME_uninterruptible(void)
{
	wait_event(gate, gate_is_open);
	barrier();
	return 0;
}

int NAME_thread_wait(void);
noinline int NAME_thread_wait(void)
{
	wait_event_interruptible(gate, gate_is_open || kthread_should_stop());
	barrier();
	return 0;
}

static int thread_main(void *unused)
{
	while (!kthread_should_stop()) {
		NAME_thread_wait();
		if (gate_is_open)
			schedule_timeout_interruptible(HZ);
	}
	return 0;
}

#define READER(what) \\
static ssize_t what##_read(struct file *file, char __user *buffer, size_t size, loff_t *at) \\
{ \\
	int ret = NAME_##what(); \\
	barrier(); \\
	return ret; \\
} \\
static const struct proc_ops what##_ops = { .proc_read = what##_read, .proc_lseek = default_llseek }
READER(interruptible);
READER(eintr);
READER(killable);
READER(uninterruptible);

static ssize_t gate_write(struct file *file, const char __user *buffer, size_t size, loff_t *at)
{
	gate_is_open = true;
	wake_up_all(&gate);
	return size;
}
static const struct proc_ops gate_ops = { .proc_write = gate_write };

static int __init target_init(void)
{
	directory = proc_mkdir("NAME", NULL);
	proc_create("interruptible", 0444, directory, &interruptible_ops);
	proc_create("eintr", 0444, directory, &eintr_ops);
	proc_create("killable", 0444, directory, &killable_ops);
	proc_create("uninterruptible", 0444, directory, &uninterruptible_ops);
	proc_create("gate", 0222, directory, &gate_ops);
	if (thread)
		task = kthread_run(thread_main, NULL, "NAME");
	return 0;
}
module_init(target_init);

static void __exit target_exit(void)
{
	if (task)
		kthread_stop(task);
	gate_is_open = true;
	wake_up_all(&gate);
	proc_remove(directory);
}
module_exit(target_exit);

MODULE_LICENSE("GPL");
`;
