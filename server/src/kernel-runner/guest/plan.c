// SPDX-License-Identifier: MIT
#include "agent.h"

#include <stdlib.h>
#include <string.h>

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
volatile long long *step_ends;

/* Milliseconds that a step is to wait. */
static long waits(char **field, int count)
{
	return count == 2 && (!strcmp(field[0], "wait") || !strcmp(field[0], "wait-quiet")) ? atol(field[1]) : 0;
}

void run_plan(char *text, long step_limit_ms)
{
	int index = 0, has_waited = 1;
	char *next;

	for (char *line = text; line && *line; line = next) {
		char *field[MAX_FIELDS], *value;
		int count, result;

		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		count = split(line, field);
		if (has_waited && waits(field, count) == 0)
			keep_clear_of_beat();
		has_waited = waits(field, count) > 0;
		begin("step");
		field_number("index", index);
		end();
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
