// SPDX-License-Identifier: MIT
/*
 * A module for livepatches to patch. A reader of /proc/gate/wait sleeps in gate_wait(), where no signal reaches it, until
 * something is written to /proc/gate/open.
 */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/wait.h>

static DECLARE_WAIT_QUEUE_HEAD(readers);
static bool is_open;
static struct proc_dir_entry *directory;

int gate_wait(void);
noinline int gate_wait(void)
{
	wait_event(readers, is_open);
	barrier();
	return 0;
}

static ssize_t gate_read(struct file *file, char __user *buffer, size_t size, loff_t *at)
{
	int ret = gate_wait();

	barrier();
	return ret;
}

static ssize_t gate_write(struct file *file, const char __user *buffer, size_t size, loff_t *at)
{
	is_open = true;
	wake_up_all(&readers);
	return size;
}

static const struct proc_ops wait_ops = { .proc_read = gate_read, .proc_lseek = default_llseek };
static const struct proc_ops open_ops = { .proc_write = gate_write };

static int __init gate_init(void)
{
	directory = proc_mkdir("gate", NULL);
	if (!directory)
		return -ENOMEM;
	proc_create("wait", 0444, directory, &wait_ops);
	proc_create("open", 0222, directory, &open_ops);
	return 0;
}

static void __exit gate_exit(void)
{
	proc_remove(directory);
}

module_init(gate_init);
module_exit(gate_exit);
MODULE_DESCRIPTION("Target for scenarios: readers that sleep until a gate opens");
MODULE_LICENSE("GPL");
