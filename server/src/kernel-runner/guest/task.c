// SPDX-License-Identifier: MIT
/*
 * A task of a scenario: `klp-task NAME WHAT [ARGUMENT]` does WHAT until it is ended, or until a byte comes on its standard
 * input ("release"), where WHAT can wait for that. It writes a byte to its standard output when it is about to start, and
 * what its system calls returned to /said/NAME.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static FILE *said;

/* A replaced system call may return at once for ever: after some words the task falls silent. */
static void say(const char *call, long result)
{
	static int words;
	int error = errno;

	if (words++ == 8) {
		fputs("...\n", said);
		fflush(said);
		for (;;)
			pause();
	}
	errno = error;
	if (result < 0)
		fprintf(said, "%s: %s\n", call, errno == EINTR ? "EINTR" : strerror(errno));
	else
		fprintf(said, "%s: %ld\n", call, result);
	fflush(said);
}

static void ready(void)
{
	if (write(1, "!", 1) != 1)
		exit(1);
	close(1);
}

static int socket_that_listens(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	bind(fd, (struct sockaddr *)&address, sizeof(address));
	listen(fd, 5);
	return fd;
}

static void do_read(const char *path)
{
	int fd = path ? open(path, O_RDONLY) : 0;
	char byte[64];

	ready();
	if (fd < 0)
		say("open", -1);
	for (;;) {
		long got = read(fd, byte, sizeof(byte));

		say("read", got);
		if (got == 0)
			pause();
		if (path)
			lseek(fd, 0, SEEK_SET);
	}
}

static void do_epoll(const char *unused)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fd = epoll_create1(0);
	char byte;

	(void)unused;
	epoll_ctl(fd, EPOLL_CTL_ADD, 0, &event);
	ready();
	for (;;) {
		long got = epoll_wait(fd, &event, 1, -1);

		say("epoll_wait", got);
		if (got == 1 && read(0, &byte, 1) != 1)
			pause();
	}
}

static void do_poll(const char *unused)
{
	struct pollfd waits = { .fd = 0, .events = POLLIN };

	(void)unused;
	ready();
	for (;;) {
		say("poll", poll(&waits, 1, -1));
		if (waits.revents)
			pause();
	}
}

static void do_select(const char *unused)
{
	fd_set set;

	(void)unused;
	ready();
	for (;;) {
		FD_ZERO(&set);
		FD_SET(0, &set);
		say("select", select(1, &set, NULL, NULL, NULL));
	}
}

static void do_futex(const char *unused)
{
	static uint32_t word;

	(void)unused;
	ready();
	for (;;)
		say("futex", syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0));
}

static void do_nanosleep(const char *seconds)
{
	struct timespec t = { seconds ? atol(seconds) : 100000, 0 };

	ready();
	for (;;)
		say("clock_nanosleep", clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL) ? -1 : 0);
}

static void do_pause(const char *unused)
{
	(void)unused;
	ready();
	for (;;)
		say("pause", pause());
}

static void do_wait4(const char *unused)
{
	(void)unused;
	if (fork() == 0)
		for (;;)
			pause();
	ready();
	for (;;)
		say("wait4", wait4(-1, NULL, 0, NULL));
}

/* The parent of a vfork() waits in TASK_KILLABLE (6.12: with TASK_FREEZABLE) until the child leaves. */
static void do_vfork(const char *unused)
{
	(void)unused;
	ready();
	if (vfork() == 0) {
		char byte;
		long got = read(0, &byte, 1);

		_exit(got == 1 ? 0 : 1);
	}
	say("vfork", 0);
	for (;;)
		pause();
}

static void do_accept(const char *unused)
{
	int fd = socket_that_listens();

	(void)unused;
	ready();
	for (;;)
		say("accept", accept(fd, NULL, NULL));
}

static void do_recv(const char *unused)
{
	int pair[2];
	char byte;

	(void)unused;
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	ready();
	for (;;)
		say("recv", recv(pair[0], &byte, 1, 0));
}

static void do_semop(const char *unused)
{
	struct sembuf take = { 0, -1, 0 };
	int id = semget(IPC_PRIVATE, 1, 0600);

	(void)unused;
	ready();
	for (;;)
		say("semop", semop(id, &take, 1));
}

static void do_sigwait(const char *unused)
{
	sigset_t set;

	(void)unused;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	ready();
	for (;;)
		say("sigtimedwait", sigwaitinfo(&set, NULL));
}

static void do_sigsuspend(const char *unused)
{
	sigset_t none;

	(void)unused;
	sigemptyset(&none);
	ready();
	for (;;)
		say("sigsuspend", sigsuspend(&none));
}

static void do_stopped(const char *unused)
{
	(void)unused;
	ready();
	raise(SIGSTOP);
	for (;;)
		pause();
}

static void do_traced(const char *unused)
{
	pid_t child = fork();

	(void)unused;
	if (child == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		for (;;)
			pause();
	}
	waitpid(child, NULL, 0);
	ready();
	for (;;)
		pause();
}

/* Never enters the kernel by itself. */
static void do_spin(const char *unused)
{
	volatile unsigned long count = 0;

	(void)unused;
	ready();
	for (;;)
		count++;
}

/* Enters the kernel all the time. */
static void do_calls(const char *unused)
{
	(void)unused;
	ready();
	for (;;)
		syscall(SYS_getppid);
}

/* Stays in the kernel for long: clears memory, again and again. */
static void do_kernel(const char *unused)
{
	size_t size = 64 << 20;
	int fd = open("/dev/zero", O_RDONLY);
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)unused;
	ready();
	for (;;)
		if (read(fd, memory, size) < 0)
			say("read", -1);
}

static void do_fork(const char *unused)
{
	(void)unused;
	ready();
	for (;;) {
		if (fork() == 0)
			_exit(0);
		wait(NULL);
		usleep(5000);
	}
}

static const struct {
	const char *name;
	void (*go)(const char *argument);
} doings[] = {
	{ "read", do_read }, { "epoll", do_epoll }, { "poll", do_poll }, { "select", do_select },
	{ "futex", do_futex }, { "nanosleep", do_nanosleep }, { "pause", do_pause }, { "wait4", do_wait4 },
	{ "vfork", do_vfork }, { "accept", do_accept }, { "recv", do_recv }, { "semop", do_semop },
	{ "sigwait", do_sigwait }, { "sigsuspend", do_sigsuspend }, { "stopped", do_stopped }, { "traced", do_traced }, { "spin", do_spin },
	{ "calls", do_calls }, { "kernel", do_kernel }, { "fork", do_fork },
};

int main(int argc, char **argv)
{
	char path[64];

	if (argc < 3)
		return 2;
	prctl(PR_SET_NAME, argv[1]);
	snprintf(path, sizeof(path), "/said/%s", argv[1]);
	said = fopen(path, "w");
	if (!said)
		return 1;
	for (size_t i = 0; i < sizeof(doings) / sizeof(*doings); i++)
		if (!strcmp(doings[i].name, argv[2]))
			doings[i].go(argc > 3 ? argv[3] : NULL);
	return 2;
}
