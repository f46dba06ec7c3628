// SPDX-License-Identifier: MIT
/*
 * The first process of a test guest. It carries out plans (/plans/0, /plans/1, ...) and reports each thing that happens
 * as one line of JSON on the second serial line. The plan's text is made by guest-plan.ts, the report is read by
 * guest-report.ts: they change together.
 *
 * A plan runs in a process of its own: an Oops kills that process and not the guest. What a plan leaves behind is
 * cleaned up; when that fails, or the kernel has tainted itself, the guest is not trusted any more and switches off, and
 * the host boots a new one for the remaining plans (kernel parameter klp_from=N).
 */
#include "agent.h"

#include <dirent.h>
#include <limits.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define TAINT_DIE (1UL << 7)
#define TAINT_WARN (1UL << 9)
#define TAINT_SOFTLOCKUP (1UL << 14)

/* Disables every patch, ends every helper and removes every module. Runs in a process of its own: it may hit an Oops. */
static void clean_up(void)
{
	struct dirent *patch;
	char path[512];
	DIR *patches = opendir(LIVEPATCH);

	while (patches && (patch = readdir(patches))) {
		if (patch->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), LIVEPATCH "/%s/enabled", patch->d_name);
		if (number_in(path, 0) == 1)
			spill(path, "0");
		for (int i = 0; i < 200 && !is_quiet(); i++)
			pause_ms(100);
	}
	if (patches)
		closedir(patches);
	for (int round = 0; round < 20; round++) {
		char *modules = slurp("/proc/modules", NULL);
		char *line, *rest = modules;

		if (!modules || !*modules) {
			free(modules);
			return;
		}
		while ((line = strsep(&rest, "\n"))) {
			char *name = strsep(&line, " ");

			syscall(SYS_delete_module, name, O_NONBLOCK);
		}
		free(modules);
		pause_ms(50);
	}
}

static const char *dirt(unsigned long taint_before)
{
	static char why[320];
	unsigned long bad = TAINT_DIE | TAINT_WARN | TAINT_SOFTLOCKUP;
	char *taint = slurp("/proc/sys/kernel/tainted", NULL);
	char *modules = slurp("/proc/modules", NULL);
	unsigned long tainted = taint ? strtoul(taint, NULL, 10) : 0;
	struct dirent *patch;
	DIR *patches;

	if (tainted & bad & ~taint_before)
		snprintf(why, sizeof(why), "tainted %lu", tainted);
	else if (modules && *modules)
		snprintf(why, sizeof(why), "module left: %.*s", (int)strcspn(modules, " "), modules);
	else
		why[0] = 0;
	free(taint);
	free(modules);
	patches = opendir(LIVEPATCH);
	while (!why[0] && patches && (patch = readdir(patches)))
		if (patch->d_name[0] != '.')
			snprintf(why, sizeof(why), "patch left: %s", patch->d_name);
	if (patches)
		closedir(patches);
	return why;
}

/*
 * Waits for a child of ours. Returns its wait status, or -1 when the time is over, its own or that of the step that it
 * carries out. Gives a sign of life each second: the host takes a guest that says nothing for lost.
 */
static int supervise(pid_t pid, long limit_ms)
{
	long long until = now_us() + limit_ms * 1000;
	long long sign = now_us() + 1000000;
	int status;

	for (;;) {
		pid_t done = waitpid(-1, &status, WNOHANG);

		if (done == pid)
			return status;
		if (done > 0)
			continue;
		if (now_us() >= until || now_us() >= *step_ends)
			return -1;
		if (now_us() >= sign) {
			begin("alive");
			end();
			sign = now_us() + 1000000;
		}
		pause_ms(TRY_EVERY_MS);
	}
}

static void off(const char *why)
{
	begin("off");
	field_text("why", why);
	end();
	flush_report();
	sync();
	reboot(RB_POWER_OFF);
	_exit(0);
}

static void kill_all_but_me(void)
{
	kill(-1, SIGCONT);
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static void run_in_turn(int first)
{
	char path[64];

	step_ends = mmap(NULL, sizeof(*step_ends), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int number = first;; number++) {
		unsigned long taint = number_in("/proc/sys/kernel/tainted", 0);
		char *text, *plan;
		long limit, step_limit;
		int alone;
		const char *why;
		int status;
		pid_t pid;

		snprintf(path, sizeof(path), "/plans/%d", number);
		text = slurp(path, NULL);
		if (!text)
			return;
		limit = strtol(text, &plan, 10);
		step_limit = strtol(plan, &plan, 10);
		alone = !strncmp(plan, " alone", 6);
		plan += strcspn(plan, "\n");
		plan += *plan == '\n';
		spill("/dev/kmsg", "<6>klp-runner: next plan\n");
		drain_log();
		begin("plan");
		field_number("plan", number);
		end();
		*step_ends = LLONG_MAX;
		pid = fork();
		if (pid == 0) {
			run_plan(plan, step_limit);
			_exit(0);
		}
		status = supervise(pid, limit);
		*step_ends = LLONG_MAX;
		drain_log();
		begin("ended");
		field_text("how", status == -1 ? "hung" : WIFSIGNALED(status) ? "killed" : "finished");
		end();
		if (status == -1) {
			spill("/proc/sysrq-trigger", "w");
			drain_log();
			off("a plan hung");
		}
		kill_all_but_me();
		drain_log();
		if (!WIFSIGNALED(status)) {
			pid = fork();
			if (pid == 0) {
				clean_up();
				_exit(0);
			}
			supervise(pid, 30000);
		}
		drain_log();
		why = dirt(taint);
		if (!*why && alone)
			why = "wants to be alone";
		begin("clean");
		field_text("dirt", why);
		end();
		free(text);
		if (*why)
			off(why);
	}
}

static void set_up(void)
{
	static const char *directories[] = { "/proc", "/sys", "/dev", "/run", "/said", "/tmp" };

	for (size_t i = 0; i < sizeof(directories) / sizeof(*directories); i++)
		mkdir(directories[i], 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL);

	if (!open_report())
		reboot(RB_POWER_OFF);
	spill("/proc/sys/kernel/printk_devkmsg", "on");
	spill("/proc/sys/kernel/modprobe", "/bin/modprobe");
	spill("/sys/kernel/debug/dynamic_debug/control", "file kernel/livepatch/* +p");
	/* A line for each task that a pass could not switch: for hosts that ask (kernel parameter klp_tasks=1). */
	if (!getenv("klp_tasks"))
		spill("/sys/kernel/debug/dynamic_debug/control", "func klp_try_switch_task -p");
}

int main(void)
{
	const char *from = getenv("klp_from");
	struct utsname name;

	set_up();
	skip_log();
	uname(&name);
	begin("boot");
	field_text("release", name.release);
	end();
	find_beat();
	run_in_turn(from ? atoi(from) : 0);
	off("all done");
}
