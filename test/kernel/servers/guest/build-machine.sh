# make with 16 jobs on a small C project, over and over.

# shellcheck disable=SC2034 # read by main.sh
looks=6

start_servers() {
	mkdir -p /tmp/project
	cd /tmp/project || return
	for number in $(seq 1 64); do
		{
			printf '#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <math.h>\n#include <errno.h>\n'
			for part in $(seq 1 40); do
				printf 'int f_%s_%s(int n, const char *s)\n{\n' "$number" "$part"
				printf '\tint sum = 0;\n\tfor (int i = 0; i < n; i++) {\n\t\tsum += s[i %% 7] * (i ^ %s);\n' "$part"
				printf '\t\tif (sum > 1000)\n\t\t\tsum /= 3 + i;\n\t\tprintf("%%d %%s\\n", sum, s);\n\t}\n\treturn sum;\n}\n'
			done
		} >"part$number.c"
	done
	printf 'int main(void)\n{\n\treturn 0;\n}\n' >main.c
	cat >Makefile <<'END'
objects := $(patsubst %.c,%.o,$(wildcard *.c))

all: program

program: $(objects)
	gcc -o $@ $^

%.o: %.c
	gcc -O2 -Wall -c -o $@ $<

clean:
	rm -f program *.o
END
}

start_load() {
	cd /tmp/project || return
	while :; do
		make -s clean
		make -s -j16
	done >/dev/null 2>&1 &
}

work_done() {
	sed -n 's/^processes //p' /proc/stat
}
