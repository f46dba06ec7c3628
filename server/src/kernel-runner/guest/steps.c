// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "agent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct helper helpers[MAX_TASKS];
int helper_count;

static int load_module(const char *path, const char *params)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int result;

	if (fd < 0)
		return -errno;
	/* More than 0 comes from a callback that returned it; insmod takes it for success, too. */
	result = syscall(SYS_finit_module, fd, params, 0) < 0 ? -errno : 0;
	close(fd);
	return result;
}

static int unload_module(const char *name, long patience_ms)
{
	long long until = now_us() + patience_ms * 1000;

	for (;;) {
		int result = syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;

		if ((result != -EAGAIN && result != -EWOULDBLOCK) || now_us() >= until)
			return result;
		pause_ms(TRY_EVERY_MS);
	}
}

static int wait_quiet(long limit_ms)
{
	long long until = now_us() + limit_ms * 1000;

	for (;;) {
		look();
		if (is_quiet())
			return 0;
		if (now_us() >= until)
			return -ETIMEDOUT;
		pause_ms(LOOK_EVERY_MS);
	}
}

static void wait_for(long ms)
{
	long long until = now_us() + ms * 1000;

	while (now_us() < until) {
		look();
		pause_ms(LOOK_EVERY_MS);
	}
}

static struct helper *helper_called(const char *name)
{
	for (int i = 0; i < helper_count; i++)
		if (!strcmp(helpers[i].name, name))
			return &helpers[i];
	return NULL;
}

/* Starts /bin/klp-task and waits until it says on its control line that it is about to do what it was asked to. */
static int start_helper(char **fields, int count)
{
	struct helper *helper = &helpers[helper_count];
	char *argv[MAX_FIELDS + 2] = { "/bin/klp-task" };
	int to_task[2], from_task[2];
	char ready;

	if (helper_count == MAX_TASKS)
		return -ENOSPC;
	if (pipe2(to_task, O_CLOEXEC) || pipe2(from_task, O_CLOEXEC))
		return -errno;
	memcpy(&argv[1], fields, count * sizeof(*fields));
	snprintf(helper->name, sizeof(helper->name), "%s", fields[0]);
	helper->pid = fork();
	if (helper->pid == 0) {
		setpgid(0, 0);
		dup2(to_task[0], 0);
		dup2(from_task[1], 1);
		execv(argv[0], argv);
		_exit(127);
	}
	close(to_task[0]);
	close(from_task[1]);
	helper->control = to_task[1];
	helper->patch_state = -3;
	helper_count++;
	if (read(from_task[0], &ready, 1) != 1) {
		close(from_task[0]);
		return -ECHILD;
	}
	close(from_task[0]);
	pause_ms(60);
	return 0;
}

/* Takes a kernel thread in among the helpers: nobody waits for it, and nobody ends it. */
static int watch_thread(const char *name)
{
	struct helper *helper = &helpers[helper_count];
	DIR *proc = opendir("/proc");
	struct dirent *process;
	int result = -ESRCH;

	if (helper_count == MAX_TASKS)
		return -ENOSPC;
	while (proc && result && (process = readdir(proc))) {
		char path[300];
		char *comm;

		if (!atoi(process->d_name))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", process->d_name);
		comm = slurp(path, NULL);
		if (comm && !strcmp(comm, name)) {
			snprintf(helper->name, sizeof(helper->name), "%s", name);
			helper->pid = atoi(process->d_name);
			helper->control = -1;
			helper->patch_state = -3;
			helper_count++;
			result = 0;
		}
		free(comm);
	}
	if (proc)
		closedir(proc);
	return result;
}

static int signal_helper(const char *name, int signal)
{
	struct helper *helper = helper_called(name);

	if (!helper || helper->pid <= 0)
		return -ESRCH;
	if (kill(signal == SIGKILL ? -helper->pid : helper->pid, signal))
		return -errno;
	if (signal == SIGKILL) {
		waitpid(helper->pid, NULL, 0);
		helper->pid = 0;
	}
	return 0;
}

static int release_helper(const char *name)
{
	struct helper *helper = helper_called(name);

	if (!helper || helper->pid <= 0)
		return -ESRCH;
	return write(helper->control, "!", 1) == 1 ? 0 : -errno;
}

static int run_shell(const char *command, char **output)
{
	int from[2], status;
	size_t size = 0, room = 65536;
	ssize_t got;
	pid_t pid;

	if (pipe2(from, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid == 0) {
		dup2(from[1], 1);
		dup2(from[1], 2);
		execl("/bin/busybox", "sh", "-c", command, NULL);
		_exit(127);
	}
	close(from[1]);
	*output = malloc(room);
	while ((got = read(from[0], *output + size, room - size - 1)) > 0)
		size += got;
	(*output)[size] = 0;
	close(from[0]);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

/* One step. `value` is what a read or a command gave, to be freed; NULL when there is nothing. */
int carry_out(char **field, int count, char **value)
{
	const char *verb = field[0];
	int error = 0;

	*value = NULL;
	if (!strcmp(verb, "insmod") && count == 3)
		return load_module(field[1], field[2]);
	if (!strcmp(verb, "rmmod") && count == 3)
		return unload_module(field[1], atol(field[2]));
	if (!strcmp(verb, "write") && count == 3)
		return spill(field[1], field[2]);
	if (!strcmp(verb, "read") && count == 2) {
		*value = slurp(field[1], &error);
		return -error;
	}
	if (!strcmp(verb, "wait") && count == 2)
		return wait_for(atol(field[1])), 0;
	if (!strcmp(verb, "wait-quiet") && count == 2)
		return wait_quiet(atol(field[1]));
	if (!strcmp(verb, "start") && count >= 3)
		return start_helper(&field[1], count - 1);
	if (!strcmp(verb, "watch") && count == 2)
		return watch_thread(field[1]);
	if (!strcmp(verb, "signal") && count == 3)
		return signal_helper(field[1], atoi(field[2]));
	if (!strcmp(verb, "release") && count == 2)
		return release_helper(field[1]);
	if (!strcmp(verb, "shell") && count == 2)
		return run_shell(field[1], value);
	if (!strcmp(verb, "tasks") && count == 1)
		return report_all_tasks(), 0;
	return -EOPNOTSUPP;
}
