// SPDX-License-Identifier: MIT
/*
 * A first look: a livepatch with mistakes in it. Open this file and see what is underlined, hover over the klp_patch at
 * the bottom, and press "Simulate" above it.
 *
 * The fix: programs that sleep for a few microseconds at a time keep a CPU busy with timer interrupts. The replacement
 * of clock_nanosleep() makes every relative sleep last 50 microseconds at least.
 */
#include <linux/hrtimer.h>
#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/time64.h>

#define SHORTEST_SLEEP_US 50

static unsigned long *sleeps_seen;

static long livepatch_clock_nanosleep(const struct pt_regs *regs)
{
	const struct __kernel_timespec __user *request = (const void __user *)regs->dx;
	struct timespec64 wanted;
	ktime_t until;

	if (get_timespec64(&wanted, request))
		return -EFAULT;
	if (!timespec64_valid(&wanted))
		return -EINVAL;

	until = max(timespec64_to_ktime(wanted), us_to_ktime(SHORTEST_SLEEP_US));
	set_current_state(TASK_INTERRUPTIBLE);
	return schedule_hrtimeout(&until, HRTIMER_MODE_REL);
}

static int count_sleeps(struct klp_object *obj)
{
	sleeps_seen = kzalloc(sizeof(*sleeps_seen), GFP_KERNEL);
	if (!sleeps_seen)
		return -ENOMEM;
	return 0;
}

static struct klp_func funcs[] = {
	{
		.old_name = "__x64_sys_clock_nanosleep",
		.new_func = livepatch_clock_nanosleep,
	},
};

static struct klp_object objs[] = {
	{
		/* No name: the function is in vmlinux. */
		.funcs = funcs,
		.callbacks = {
			.pre_patch = count_sleeps,
		},
	},
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
};

static int __init first_look_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit first_look_exit(void)
{
}

module_init(first_look_init);
module_exit(first_look_exit);
MODULE_DESCRIPTION("Livepatch sample: make tiny sleeps longer (with mistakes)");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
