// SPDX-License-Identifier: MIT
/* What the parts of the guest's agent have of each other. */
#include <stdio.h>
#include <sys/types.h>

#define LIVEPATCH "/sys/kernel/livepatch"
#define MAX_TASKS 64
#define MAX_FIELDS 16
#define LOOK_EVERY_MS 100
#define TRY_EVERY_MS 20

/* clock.c */
long long now_us(void);
void pause_ms(long ms);
void find_beat(void);
void keep_clear_of_beat(void);

/* files.c */
char *slurp(const char *path, int *error);
int spill(const char *path, const char *text);
long number_in(const char *path, long otherwise);

/* report.c: a line is begun, gets its fields and is ended. */
int open_report(void);
void flush_report(void);
void begin(const char *type);
void field_text(const char *name, const char *text);
void field_number(const char *name, long long value);
void end(void);
void skip_log(void);
void drain_log(void);
void report_tree(void);
void report_helpers(int always);
void report_all_tasks(void);
void look(void);
int is_quiet(void);

/* steps.c */
struct helper {
	char name[16];
	pid_t pid;
	int control;
	int patch_state;
};
extern struct helper helpers[MAX_TASKS];
extern int helper_count;
int carry_out(char **field, int count, char **value);

/* plan.c */
extern volatile long long *step_ends;
void run_plan(char *text, long step_limit_ms);
