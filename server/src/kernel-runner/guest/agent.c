// SPDX-License-Identifier: MIT
/*
 * The first process of a test guest. It carries out plans (/plans/0, /plans/1, ...) and reports each thing that happens
 * as one line of JSON on the second serial line. The plan's text is made by plan-text.ts, the report is read by
 * guest-report.ts: the three change together.
 *
 * A plan runs in a process of its own: an Oops kills that process and not the guest. What a plan leaves behind is
 * cleaned up; when that fails, or the kernel has tainted itself, the guest is not trusted any more and switches off, and
 * the host boots a new one for the remaining plans (kernel parameter klp_from=N).
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define LIVEPATCH "/sys/kernel/livepatch"
#define MAX_TASKS 64
#define MAX_FIELDS 16
#define TAINT_DIE (1UL << 7)
#define TAINT_WARN (1UL << 9)
#define TAINT_SOFTLOCKUP (1UL << 14)
#define LOOK_EVERY_MS 100
#define TRY_EVERY_MS 20

struct helper {
	char name[16];
	pid_t pid;
	int control;
	int patch_state;
};

static FILE *report;
static int kmsg = -1;
static struct helper helpers[MAX_TASKS];
static int helper_count;
static char *last_tree;

static long long now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

/* --- the report --- */

static void put_string(const char *text, size_t length)
{
	fputc('"', report);
	for (size_t i = 0; i < length; i++) {
		unsigned char c = text[i];

		if (c == '"' || c == '\\')
			fprintf(report, "\\%c", c);
		else if (c == '\n')
			fputs("\\n", report);
		else if (c < 0x20 || c >= 0x7f)
			fprintf(report, "\\u%04x", c);
		else
			fputc(c, report);
	}
	fputc('"', report);
}

static void begin(const char *type)
{
	fprintf(report, "{\"type\":\"%s\",\"at\":%lld", type, now_us());
}

static void field_text(const char *name, const char *text)
{
	fprintf(report, ",\"%s\":", name);
	put_string(text, strlen(text));
}

static void field_number(const char *name, long long value)
{
	fprintf(report, ",\"%s\":%lld", name, value);
}

static void end(void)
{
	fputs("}\n", report);
	fflush(report);
}

static void drain_log(void)
{
	static char record[8192];
	ssize_t length;

	for (;;) {
		length = read(kmsg, record, sizeof(record) - 1);
		if (length < 0 && errno == EPIPE)
			continue;
		if (length <= 0)
			return;
		while (length > 0 && record[length - 1] == '\n')
			length--;
		record[length] = 0;
		begin("log");
		field_text("record", record);
		end();
	}
}

/* --- small files --- */

/* The content of a file without its last newline, or NULL. The caller frees it. */
static char *slurp(const char *path, int *error)
{
	size_t size = 0, room = 4096;
	char *text = malloc(room);
	int fd = open(path, O_RDONLY);
	ssize_t got;

	if (fd < 0) {
		if (error)
			*error = errno;
		free(text);
		return NULL;
	}
	while ((got = read(fd, text + size, room - size - 1)) > 0) {
		size += got;
		if (room - size < 1024)
			text = realloc(text, room *= 2);
	}
	if (error)
		*error = got < 0 ? errno : 0;
	close(fd);
	if (got < 0 && size == 0) {
		free(text);
		return NULL;
	}
	while (size > 0 && text[size - 1] == '\n')
		size--;
	text[size] = 0;
	return text;
}

static int spill(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	int result = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		result = -errno;
	close(fd);
	return result;
}

static long number_in(const char *path, long otherwise)
{
	char *text = slurp(path, NULL);
	long value = text && *text ? strtol(text, NULL, 10) : otherwise;

	free(text);
	return value;
}

/* --- what the machine looks like --- */

static void walk(FILE *out, const char *path, int *first)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, alphasort);
	char child[PATH_MAX];
	struct stat status;

	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;

		if (strcmp(name, ".") && strcmp(name, "..")) {
			snprintf(child, sizeof(child), "%s/%s", path, name);
			if (!lstat(child, &status)) {
				char *text = S_ISREG(status.st_mode) && (status.st_mode & 0444) ? slurp(child, NULL) : NULL;

				fprintf(out, "%s\"%s\":\"%s\"", *first ? "" : ",", child + strlen(LIVEPATCH) + 1, text ? text : "");
				*first = 0;
				free(text);
				if (S_ISDIR(status.st_mode))
					walk(out, child, first);
			}
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

static void report_tree(void)
{
	char *tree = NULL;
	size_t size;
	int first = 1;
	FILE *out = open_memstream(&tree, &size);

	walk(out, LIVEPATCH, &first);
	fclose(out);
	if (last_tree && !strcmp(tree, last_tree)) {
		free(tree);
		return;
	}
	begin("sysfs");
	fprintf(report, ",\"tree\":{%s}", tree);
	end();
	free(last_tree);
	last_tree = tree;
}

static void report_task(const char *name, int pid, int tid)
{
	char path[64];
	char *comm, *status, *stack;
	char state = '?';

	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", pid, tid);
	comm = slurp(path, NULL);
	if (!comm)
		return;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
	status = slurp(path, NULL);
	if (status && strrchr(status, ')'))
		state = strrchr(status, ')')[2];
	snprintf(path, sizeof(path), "/proc/%d/task/%d/stack", pid, tid);
	stack = slurp(path, NULL);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/patch_state", pid, tid);
	begin("task");
	if (name)
		field_text("name", name);
	field_number("pid", tid);
	field_text("comm", comm);
	fprintf(report, ",\"state\":\"%c\"", state);
	field_number("patchState", number_in(path, -2));
	field_text("stack", stack ? stack : "");
	if (name) {
		char *said;

		snprintf(path, sizeof(path), "/said/%s", name);
		said = slurp(path, NULL);
		field_text("said", said ? said : "");
		free(said);
	}
	end();
	free(comm);
	free(status);
	free(stack);
}

static void report_helpers(int always)
{
	char path[64];

	for (int i = 0; i < helper_count; i++) {
		int state;

		if (helpers[i].pid <= 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/patch_state", helpers[i].pid);
		state = number_in(path, -2);
		if (always || state != helpers[i].patch_state)
			report_task(helpers[i].name, helpers[i].pid, helpers[i].pid);
		helpers[i].patch_state = state;
	}
}

static void report_all_tasks(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *process, *thread;

	while (proc && (process = readdir(proc))) {
		char path[300];
		DIR *threads;

		if (!atoi(process->d_name))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/task", process->d_name);
		threads = opendir(path);
		while (threads && (thread = readdir(threads)))
			if (atoi(thread->d_name))
				report_task(NULL, atoi(process->d_name), atoi(thread->d_name));
		if (threads)
			closedir(threads);
	}
	if (proc)
		closedir(proc);
}

/* Whether no patch is in transition and none waits to be freed. */
static int is_quiet(void)
{
	DIR *patches = opendir(LIVEPATCH);
	struct dirent *patch;
	char path[512];
	int quiet = 1;

	while (patches && (patch = readdir(patches))) {
		if (patch->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), LIVEPATCH "/%s/transition", patch->d_name);
		if (number_in(path, 1) != 0)
			quiet = 0;
		snprintf(path, sizeof(path), LIVEPATCH "/%s/enabled", patch->d_name);
		if (number_in(path, 0) != 1)
			quiet = 0;
	}
	if (patches)
		closedir(patches);
	return quiet;
}

static void look(void)
{
	drain_log();
	report_tree();
	report_helpers(0);
}

/* --- steps --- */

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
static int carry_out(char **field, int count, char **value)
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

/* Splits a line of a plan at its tabs and undoes \t, \n and \\ in the fields. */
static int split(char *line, char **field)
{
	int count = 0;
	char *write_at = line;

	field[count++] = line;
	for (char *c = line; *c; c++) {
		if (*c == '\t') {
			*write_at++ = 0;
			if (count < MAX_FIELDS)
				field[count++] = write_at;
		} else if (*c == '\\' && c[1]) {
			c++;
			*write_at++ = *c == 't' ? '\t' : *c == 'n' ? '\n' : *c;
		} else {
			*write_at++ = *c;
		}
	}
	*write_at = 0;
	return count;
}

/* When the step under way counts as hung; shared with the process that supervises. */
static volatile long long *step_ends;

/* Milliseconds that a step is to wait. */
static long waits(char **field, int count)
{
	return count == 2 && (!strcmp(field[0], "wait") || !strcmp(field[0], "wait-quiet")) ? atol(field[1]) : 0;
}

static void run_plan(char *text, long step_limit_ms)
{
	int index = 0;
	char *next;

	for (char *line = text; line && *line; line = next) {
		char *field[MAX_FIELDS], *value;
		int count, result;

		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		begin("step");
		field_number("index", index);
		end();
		count = split(line, field);
		*step_ends = now_us() + (step_limit_ms + waits(field, count)) * 1000LL;
		result = carry_out(field, count, &value);
		drain_log();
		begin("result");
		field_number("index", index++);
		field_number("errno", result);
		if (value)
			field_text("value", value);
		end();
		free(value);
		report_tree();
		report_helpers(1);
		drain_log();
	}
}

/* --- keeping the guest usable --- */

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
	tcdrain(fileno(report));
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
	struct termios line;
	int fd;

	for (size_t i = 0; i < sizeof(directories) / sizeof(*directories); i++)
		mkdir(directories[i], 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL);

	fd = open("/dev/ttyS1", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0 && !tcgetattr(fd, &line)) {
		cfmakeraw(&line);
		cfsetspeed(&line, B115200);
		tcsetattr(fd, TCSANOW, &line);
	}
	report = fdopen(fd, "w");
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
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
	if (!report)
		reboot(RB_POWER_OFF);
	lseek(kmsg, 0, SEEK_END);
	uname(&name);
	begin("boot");
	field_text("release", name.release);
	end();
	run_in_turn(from ? atoi(from) : 0);
	off("all done");
}
