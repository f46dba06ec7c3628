// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "agent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

static FILE *report;
static int kmsg = -1;
static char *last_tree;

/* The second serial line for the report, and the kernel's log. Returns 0 when there is no such line. */
int open_report(void)
{
	int fd = open("/dev/ttyS1", O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios line;

	if (fd >= 0 && !tcgetattr(fd, &line)) {
		cfmakeraw(&line);
		cfsetspeed(&line, B115200);
		tcsetattr(fd, TCSANOW, &line);
	}
	report = fdopen(fd, "w");
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return report != NULL;
}

/* Waits until all of it has left. */
void flush_report(void)
{
	tcdrain(fileno(report));
}

/* What the kernel has said so far is not reported. */
void skip_log(void)
{
	lseek(kmsg, 0, SEEK_END);
}

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

void begin(const char *type)
{
	fprintf(report, "{\"type\":\"%s\",\"at\":%lld", type, now_us());
}

void field_text(const char *name, const char *text)
{
	fprintf(report, ",\"%s\":", name);
	put_string(text, strlen(text));
}

void field_number(const char *name, long long value)
{
	fprintf(report, ",\"%s\":%lld", name, value);
}

void end(void)
{
	fputs("}\n", report);
	fflush(report);
}

void drain_log(void)
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

void report_tree(void)
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

void report_helpers(int always)
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

void report_all_tasks(void)
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
int is_quiet(void)
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

void look(void)
{
	drain_log();
	report_tree();
	report_helpers(0);
}
