// SPDX-License-Identifier: MIT
#include "agent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

long long now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

/*
 * The kernel works on a transition when its tick counter is a multiple of HZ (round_jiffies_relative()), once in a second.
 * At which microsecond of our clock's second that is; -1: not known.
 */
static long beat = -1;
/* Microseconds before and after it in which nothing begins. */
#define BEFORE_BEAT 300000
#define AFTER_BEAT 100000

void find_beat(void)
{
	char *timers = slurp("/proc/timer_list", NULL);
	char *now = timers ? strstr(timers, "now at ") : NULL;
	char *ticks = timers ? strstr(timers, "jiffies: ") : NULL;
	struct timespec tick;

	if (now && ticks && !clock_getres(CLOCK_MONOTONIC_COARSE, &tick) && tick.tv_nsec) {
		long long at = strtoll(now + strlen("now at "), NULL, 10);
		long in_second = strtoull(ticks + strlen("jiffies: "), NULL, 10) % (1000000000 / tick.tv_nsec);

		beat = (at + 1000000000 - in_second * tick.tv_nsec) / 1000 % 1000000;
	}
	free(timers);
}

/*
 * For the first of several steps that follow each other at once: such a moment must not come between them by chance. What
 * the second one meets would be another thing each time.
 */
void keep_clear_of_beat(void)
{
	long since = (now_us() - beat + 1000000) % 1000000;

	if (beat < 0)
		return;
	if (since > 1000000 - BEFORE_BEAT)
		since -= 1000000;
	if (since < AFTER_BEAT)
		pause_ms((AFTER_BEAT - since) / 1000 + 1);
}
