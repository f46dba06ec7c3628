#!/bin/sh
# Records what runs on this machine, for "livepatch-ls simulate --workload". Needs a POSIX shell with
# awk, root and /proc.
# SPDX-License-Identifier: MIT
#
#   sh capture.sh > host.json
#
# It reads /proc, /sys and the kernel's configuration, writes one JSON document to its standard output, and changes
# nothing. Names are bytes: each byte above 126 is written as \u00XX, and the reader puts UTF-8 together again.

set -u
LC_ALL=C
export LC_ALL

usage() {
	cat <<'END'
Usage: sh capture.sh [--seconds N] [--samples N] [--anonymise] > host.json
  --seconds N   time between two samples, 1 to 3600 (default 5)
  --samples N   how many times to look, 2 to 100 (default 2)
  --anonymise   write pseudonyms instead of the names of commands
Run it as root: only root may read the stacks of tasks.
END
}

say() {
	printf 'capture: %s\n' "$*" >&2
}

refuse() {
	say "$*"
	usage >&2
	exit 2
}

# whole_number OPTION TEXT MIN MAX: ends the script when TEXT is something else.
whole_number() {
	case $2 in
	'' | 0* | *[!0-9]* | ?????*) ;;
	*) if [ "$2" -ge "$3" ] && [ "$2" -le "$4" ]; then return; fi ;;
	esac
	refuse "$1 is \"$2\"; it needs a whole number from $3 to $4."
}

seconds=5
samples=2
anonymise=false
while [ $# -gt 0 ]; do
	case $1 in
	--seconds | --samples)
		[ $# -ge 2 ] || refuse "$1 needs a number."
		if [ "$1" = --seconds ]; then seconds=$2; else samples=$2; fi
		shift
		;;
	--seconds=*) seconds=${1#*=} ;;
	--samples=*) samples=${1#*=} ;;
	--anonymise | --anonymize) anonymise=true ;;
	-h | --help)
		usage
		exit 0
		;;
	*) refuse "there is no option \"$1\"." ;;
	esac
	shift
done
whole_number --seconds "$seconds" 1 3600
whole_number --samples "$samples" 2 100

# What could not be had, as the elements of a JSON array.
problems=
problem() {
	say "$1"
	quote "$1"
	problems="$problems${problems:+,}$quoted"
}

# quote TEXT: the JSON string is in $quoted.
quote() {
	case $1 in
	*[!\ -~]* | *[\"\\]*) quote_bytes "$1" ;;
	*) quoted="\"$1\"" ;;
	esac
}

quote_bytes() {
	quoted='"'
	rest=$1
	while [ -n "$rest" ]; do
		after=${rest#?}
		byte=${rest%"$after"}
		rest=$after
		case $byte in
		\" | \\) quoted="$quoted\\$byte" ;;
		[\ -~]) quoted=$quoted$byte ;;
		*)
			code=$(printf '%d' "'$byte" 2>/dev/null)
			# Where char is signed, bytes above 127 come out negative.
			[ "$code" -ge 0 ] || code=$((code + 256))
			quoted=$quoted$(printf '\\u%04x' $((code & 255)))
			;;
		esac
	done
	quoted="$quoted\""
}

# first_line FILE: its first line is in $line, empty when it can't be read.
first_line() {
	line=
	{ IFS= read -r line; } 2>/dev/null <"$1"
	[ -n "$line" ]
}

# number TEXT: $number is TEXT when that is a whole number, else null.
number() {
	case $1 in
	'' | *[!0-9]*) number=null ;;
	*) number=$1 ;;
	esac
}

# quote_list WORD...: a JSON array of strings.
quote_list() {
	comma=
	printf '['
	for word in "$@"; do
		quote "$word"
		printf '%s%s' "$comma" "$quoted"
		comma=,
	done
	printf ']'
}

# CONFIG_HZ, where the kernel's configuration can be read.
config_hz() {
	for file in "/boot/config-$1" "/lib/modules/$1/config"; do
		if [ -r "$file" ]; then
			sed -n 's/^CONFIG_HZ=//p' "$file"
			return
		fi
	done
	[ -r /proc/config.gz ] && gzip -dc /proc/config.gz 2>/dev/null | sed -n 's/^CONFIG_HZ=//p'
}

modules() {
	comma=
	printf '['
	while IFS=' ' read -r name _; do
		quote "$name"
		printf '%s%s' "$comma" "$quoted"
		comma=,
	done
	printf ']'
}

livepatches() {
	comma=
	printf '['
	for patch in /sys/kernel/livepatch/*/; do
		[ -e "$patch/enabled" ] || continue
		patch=${patch%/}
		quote "${patch##*/}"
		printf '%s\n{"name":%s' "$comma" "$quoted"
		comma=,
		for file in enabled transition replace; do
			first_line "$patch/$file"
			number "$line"
			printf ',"%s":%s' "$file" "$number"
		done
		printf ',"objects":['
		between=
		for object in "$patch"/*/; do
			[ -d "$object" ] || continue
			object=${object%/}
			quote "${object##*/}"
			first_line "$object/patched"
			number "$line"
			printf '%s{"name":%s,"patched":%s,"functions":' "$between" "$quoted" "$number"
			between=,
			set --
			for func in "$object"/*/; do
				[ -d "$func" ] || continue
				func=${func%/}
				set -- "$@" "${func##*/}"
			done
			quote_list "$@"
			printf '}'
		done
		printf ']}'
	done
	printf ']'
}

# The tasks are read by awk: a process for each, or the shell's own "read" with a system call for each byte, takes minutes
# where there are tens of thousands of them. It prints the samples and the end of the document.
# shellcheck disable=SC2016 # $ means a field in awk
RECORD_TASKS='
function say(text) {
	printf "capture: %s\n", text | "cat >&2"
	close("cat >&2")
}

# quote(TEXT): a JSON string.
function quote(text,    i, byte, quoted) {
	if (text !~ /[^ -~]|["\\]/) return "\"" text "\""
	for (i = 1; i <= length(text); i++) {
		byte = substr(text, i, 1)
		if (byte ~ /["\\]/) quoted = quoted "\\" byte
		else if (byte ~ /[ -~]/) quoted = quoted byte
		else quoted = quoted sprintf("\\u%04x", code[byte])
	}
	return "\"" quoted "\""
}

# number(TEXT): TEXT when that is a whole number, else null.
function number(text) {
	return text ~ /^[0-9]+$/ ? text : "null"
}

# line_of(FILE): its first line; empty when it can not be read.
function line_of(file,    line) {
	line = ""
	getline line < file
	close(file)
	return line
}

# stack_of(TEXT): an array of function names, innermost first, without addresses and offsets; null when the kernel does
# not show it.
function stack_of(text,    lines, count, i, name, module, stack) {
	count = split(text, lines, "\n")
	stack = ""
	for (i = 1; i < count; i++) {
		if (lines[i] == "") continue
		name = substr(lines[i], index(lines[i], "] ") + 2)
		module = match(name, / \[.*\]$/) ? substr(name, RSTART) : ""
		sub(/\+0x.*$/, "", name)
		sub(/ \[.*$/, "", name)
		stack = stack (stack == "" ? "" : ",") quote(name module)
	}
	return stack == "" ? "null" : "[" stack "]"
}

# field(STATUS, NAME): the value of a line of /proc/PID/status.
function field(status, name,    at, rest) {
	at = index(status, "\n" name ":\t")
	if (at == 0) return ""
	rest = substr(status, at + length(name) + 3)
	return substr(rest, 1, index(rest, "\n") - 1)
}

# What stands for a name. A kernel thread keeps the word that its name begins with.
function pseudonym(name, kind) {
	if (kind == "kthread") {
		sub(/[^a-zA-Z].*$/, "", name)
		return name == "" ? "kthread" : name
	}
	if (!(name in pseudonyms)) pseudonyms[name] = ++pseudonym_count
	return "command-" pseudonyms[name]
}

# task(DIRECTORY): prints one task of which `content` has the files, or nothing when it has gone.
function task(directory,    stat, end, parts, name, fields, stack, syscall, status, now, kind, words) {
	stat = content[directory "/stat"]
	# The name may hold anything, also ")" and newlines, so it ends at the last ")".
	end = match(stat, /\) [A-Za-z] [^)]*$/)
	if (end == 0 || split(substr(stat, end + 2), fields, " ") < 20) return
	name = substr(stat, index(stat, "(") + 1)
	name = substr(name, 1, length(name) - length(stat) + end - 1)
	stack = stack_of(content[directory "/stack"])
	split(content[directory "/syscall"], words, " ")
	syscall = number(words[1])
	split(content[directory "/schedstat"], words, " ")
	# The state after the stack was read.
	status = content[directory "/status"]
	now = substr(field(status, "State"), 1, 1)
	if (now == "") return
	kind = "user"
	if (int(fields[7] / 16) % 2) kind = "io_worker"
	if (int(fields[7] / 2097152) % 2) kind = "kthread"
	if (anonymise == "true") name = pseudonym(name, kind)
	if (stack != "null") stacks_read++
	split(directory, parts, "/")
	printf "%s\n{\"pid\":%s,\"tid\":%s,\"ppid\":%s,", tasks++ ? "," : "", parts[3], parts[5], number(fields[2])
	printf "\"comm\":%s,\"kind\":\"%s\",\"state\":\"%s\",", quote(name), kind, fields[1]
	printf "\"started\":%s,\"cpus\":\"%s\",", fields[20], field(status, "Cpus_allowed_list")
	printf "\"voluntary\":%s,", number(field(status, "voluntary_ctxt_switches"))
	printf "\"involuntary\":%s,", number(field(status, "nonvoluntary_ctxt_switches"))
	printf "\"runtime\":%s,\"utime\":%s,\"stime\":%s,", number(words[1]), fields[12], fields[13]
	# The stack of a task that runs changes while it is read.
	printf "\"syscall\":%s,\"trusted\":%s,\"stack\":%s}", syscall, (fields[1] now) ~ /R/ ? "false" : "true", stack
}

# chunk(DIRECTORIES, FROM, TO): prints these tasks. Their files come through one "head", which says which file begins and
# goes on after one that can not be read; awk itself may end there.
function chunk(directories, from, to,    command, i, file, head, all, part, lines, count) {
	split("", content)
	command = ""
	for (i = from; i <= to; i++) {
		head = " " directories[i]
		command = command head "/stat" head "/stack" head "/syscall" head "/schedstat" head "/status"
	}
	command = "exec 2>/dev/null; head -n 1000" command
	# All in one go where no name has that byte: some awks search for the command at each line.
	RS = "\001"
	all = ""
	while ((command | getline part) > 0) all = all (all == "" ? "" : RS) part
	RS = "\n"
	close(command)
	file = ""
	count = split(all, lines, "\n")
	for (i = 1; i <= count; i++) {
		# A name of a task is too short for such a line.
		if (lines[i] ~ /^==> \/proc\/[0-9]+\/task\/[0-9]+\/[a-z]+ <==$/) file = substr(lines[i], 5, length(lines[i]) - 8)
		else content[file] = content[file] lines[i] "\n"
	}
	for (i = from; i <= to; i++) task(directories[i])
}

# sample(NUMBER): prints all tasks once.
function sample(which,    line, words, directories, count, i, list, forks) {
	say("sample " which " of " samples)
	split(line_of("/proc/uptime"), words, " ")
	forks = "null"
	while ((getline line < "/proc/stat") > 0) if (line ~ /^processes /) forks = number(substr(line, 11))
	close("/proc/stat")
	printf "{\"uptime\":%s,\"forks\":%s,\"tasks\":[", words[1], forks
	list = "printf \"%s\\n\" /proc/[0-9]*/task/[0-9]*"
	count = 0
	while ((list | getline line) > 0) directories[++count] = line
	close(list)
	tasks = stacks_read = 0
	for (i = 1; i <= count; i += 100) {
		chunk(directories, i, i + 99 < count ? i + 99 : count)
		if (i % 5000 == 1 && i > 1) say(i - 1 " of " count " tasks")
	}
	printf "\n]}"
	say(tasks " tasks, " stacks_read " stacks")
}

BEGIN {
	for (i = 1; i < 256; i++) code[sprintf("%c", i)] = i
	printf "\"samples\":["
	for (which = 1; which <= samples; which++) {
		if (which > 1) {
			say("waiting " seconds " seconds")
			system("sleep " seconds)
			printf ",\n"
		}
		sample(which)
	}
	if (stacks_read == 0) {
		problem = "no stack could be read: /proc/PID/stack needs root, CAP_SYS_ADMIN and a kernel that has it"
		say(problem)
		problems = problems (problems == "" ? "" : ",") quote(problem)
	}
	printf "],\n\"problems\":[%s]}\n", problems
}
'

first_line /proc/uptime || {
	say "/proc can't be read. Nothing can be recorded without it."
	exit 1
}
if [ "$(id -u)" -ne 0 ]; then
	problem "not run as root: the stacks and system calls of most tasks are missing"
fi

release=$(uname -r)
hz=$(config_hz "$release")
[ -n "$hz" ] || problem "the kernel's configuration can't be read: CONFIG_HZ is unknown"
ticks=$(getconf CLK_TCK 2>/dev/null) || ticks=
first_line /sys/devices/system/cpu/online || problem "/sys/devices/system/cpu/online can't be read: the CPUs are unknown"
cpus=$line
# Kernels without the feature have no such file, and without such CPUs it says "(null)".
first_line /sys/devices/system/cpu/nohz_full
case $line in *[!0-9,-]*) line= ;; esac
nohz_full=$line

quote "$release"
printf '{"format":"livepatch-capture","version":1,"captured":"%s","anonymised":%s,"seconds":%s,"recorder":%s,\n' \
	"$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$anonymise" "$seconds" "$$"
printf '"kernel":%s,' "$quoted"
quote "$(uname -m)"
number "$hz"
hz=$number
number "$ticks"
printf '"machine":%s,"cpus":"%s","hz":%s,"clockTicks":%s,"nohzFull":"%s",\n' \
	"$quoted" "$cpus" "$hz" "$number" "$nohz_full"
printf '"modules":'
if [ -r /proc/modules ]; then modules </proc/modules; else printf '[]'; fi
printf ',\n"livepatches":%s,\n' "$(livepatches)"
# It keeps this shell's number, which is in the document: the reader leaves this task out.
PROBLEMS=$problems exec awk -v "anonymise=$anonymise" -v "seconds=$seconds" -v "samples=$samples" \
	"BEGIN { problems = ENVIRON[\"PROBLEMS\"] }$RECORD_TASKS"
