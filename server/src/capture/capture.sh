#!/bin/sh
# Records what runs on this machine, for "livepatch-ls simulate --workload". Needs a POSIX shell, root and /proc.
# SPDX-License-Identifier: MIT
#
#   sh capture.sh > host.json
#
# It reads /proc, /sys and the kernel's configuration, writes one JSON document to its standard output, and changes
# nothing. Names are bytes: each byte above 126 is written as \u00XX, and the reader puts UTF-8 together again.
# Files of /proc are read with the shell's own "read", so that a task costs no process.

set -u
LC_ALL=C
export LC_ALL

usage() {
	cat <<'END'
Usage: sh capture.sh [--seconds N] [--anonymise] > host.json
  --seconds N   time between the two samples, 1 to 3600 (default 5)
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

seconds=5
anonymise=false
while [ $# -gt 0 ]; do
	case $1 in
	--seconds)
		[ $# -ge 2 ] || refuse "--seconds needs a number."
		seconds=$2
		shift
		;;
	--seconds=*) seconds=${1#*=} ;;
	--anonymise | --anonymize) anonymise=true ;;
	-h | --help)
		usage
		exit 0
		;;
	*) refuse "there is no option \"$1\"." ;;
	esac
	shift
done
case $seconds in
'' | 0* | *[!0-9]* | ?????*) refuse "--seconds is \"$seconds\"; it needs a whole number from 1 to 3600." ;;
esac
[ "$seconds" -le 3600 ] || refuse "--seconds is \"$seconds\"; it needs a whole number from 1 to 3600."

newline='
'
tab=$(printf '\t')

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

# read_stat FILE: $name, $state, $flags, $utime, $stime and $started of a task. The name may hold anything, also ")" and
# newlines, so it ends at the last ")".
read_stat() {
	all=
	while IFS= read -r line; do
		all=$all$line$newline
	done 2>/dev/null <"$1"
	case $all in
	*\(*\)\ *) ;;
	*) return 1 ;;
	esac
	name=${all#*\(}
	name=${name%)*}
	fields=${all##*\) }
	set -f
	# shellcheck disable=SC2086 # the fields are numbers and one letter
	set -- $fields
	set +f
	[ $# -ge 20 ] || return 1
	state=$1
	flags=$7
	utime=${12}
	stime=${13}
	started=${20}
}

# read_status FILE: $voluntary, $involuntary, $allowed and $now, which is the state after the stack was read.
read_status() {
	voluntary=null
	involuntary=null
	allowed=
	now=
	while IFS= read -r line; do
		case $line in
		State:*)
			now=${line#State:?}
			now=${now%% *}
			;;
		Cpus_allowed_list:*) allowed=${line#Cpus_allowed_list:?} ;;
		voluntary_ctxt_switches:*) voluntary=${line#voluntary_ctxt_switches:?} ;;
		nonvoluntary_ctxt_switches:*) involuntary=${line#nonvoluntary_ctxt_switches:?} ;;
		esac
	done 2>/dev/null <"$1"
}

# read_stack FILE: $stack is a JSON array of function names, innermost first, without addresses and offsets; null when
# the kernel does not show it.
read_stack() {
	stack=
	frames=0
	while IFS= read -r line; do
		frames=$((frames + 1))
		line=${line#*] }
		module=
		case $line in *\ \[*\]) module=" [${line##*\[}" ;; esac
		line=${line%%+0x*}
		quote "${line%% \[*}$module"
		stack=$stack${stack:+,}$quoted
	done 2>/dev/null <"$1"
	if [ "$frames" -gt 0 ]; then
		stack="[$stack]"
		stacks_read=$((stacks_read + 1))
	else
		stack=null
	fi
}

# Pseudonyms: "TAB quoted name TAB number NEWLINE" for each name that was seen.
pseudonyms=$newline
pseudonym_count=0

# name_task: $quoted is what stands for $name. A kernel thread keeps the word that its name begins with.
name_task() {
	if [ $anonymise = false ]; then
		quote "$name"
		return
	fi
	if [ $kind = kthread ]; then
		name=${name%%[!a-zA-Z]*}
		quote "${name:-kthread}"
		return
	fi
	quote "$name"
	case $pseudonyms in
	*"$tab$quoted$tab"*)
		alias=${pseudonyms#*"$tab$quoted$tab"}
		alias=${alias%%"$newline"*}
		;;
	*)
		pseudonym_count=$((pseudonym_count + 1))
		alias=$pseudonym_count
		pseudonyms=$pseudonyms$tab$quoted$tab$alias$newline
		;;
	esac
	quoted="\"command-$alias\""
}

# task PID TID: prints one task, or nothing when it has gone.
task() {
	directory=/proc/$1/task/$2
	read_stat "$directory/stat" || return 0
	read_stack "$directory/stack"
	first_line "$directory/syscall"
	number "${line%% *}"
	syscall=$number
	first_line "$directory/schedstat"
	number "${line%% *}"
	runtime=$number
	read_status "$directory/status"
	[ -n "$now" ] || return 0
	kind=user
	[ $((flags & 0x10)) -eq 0 ] || kind=io_worker
	[ $((flags & 0x200000)) -eq 0 ] || kind=kthread
	# The stack of a task that runs changes while it is read.
	case $state$now in
	*R*) trusted=false ;;
	*) trusted=true ;;
	esac
	name_task
	printf '%s\n{"pid":%s,"tid":%s,"comm":%s,"kind":"%s","state":"%s","started":%s,"cpus":"%s",' \
		"$comma" "$1" "$2" "$quoted" "$kind" "$state" "$started" "$allowed"
	printf '"voluntary":%s,"involuntary":%s,"runtime":%s,"utime":%s,"stime":%s,"syscall":%s,"trusted":%s,"stack":%s}' \
		"$voluntary" "$involuntary" "$runtime" "$utime" "$stime" "$syscall" "$trusted" "$stack"
	comma=,
	tasks=$((tasks + 1))
}

# sample NUMBER: prints all tasks once.
sample() {
	say "sample $1 of 2"
	first_line /proc/uptime
	printf '{"uptime":%s,"tasks":[' "${line%% *}"
	comma=
	tasks=0
	told=0
	stacks_read=0
	for process in /proc/[0-9]*; do
		for thread in "$process"/task/[0-9]*; do
			task "${process##*/}" "${thread##*/}"
		done
		if [ $((tasks - told)) -ge 500 ]; then
			say "$tasks tasks"
			told=$tasks
		fi
	done
	printf '\n]}'
	say "$tasks tasks, $stacks_read stacks"
}

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
printf ',\n"livepatches":%s,\n"samples":[' "$(livepatches)"
sample 1
say "waiting $seconds seconds"
sleep "$seconds"
printf ',\n'
sample 2
if [ "$stacks_read" -eq 0 ]; then
	problem "no stack could be read: /proc/PID/stack needs root, CAP_SYS_ADMIN and a kernel that has it"
fi
printf '],\n"problems":[%s]}\n' "$problems"
