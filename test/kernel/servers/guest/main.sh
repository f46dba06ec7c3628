# A machine with servers, without systemd: main.sh ROLE, with web-server, database or build-machine. Records it idle and under
# load with capture.sh, then loads livepatches under load, and tells what happened on /dev/ttyS1.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C
role=$1
# A terminal would turn each newline into two characters.
stty -F /dev/ttyS1 raw
exec 3>/dev/ttyS1

tell() {
	printf '%s\n' "$*" >&3
}

# Which the packages would have made when installed.
[ -e /usr/bin/awk ] || ln -s mawk /usr/bin/awk
rm -rf /var/run
ln -s /run /var/run
mkdir -p /dev/pts /dev/shm /tmp /var/log /var/tmp /run/sshd /run/php /run/postgresql
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /tmp
mount -t debugfs debugfs /sys/kernel/debug
chmod 1777 /tmp
hostname guest
echo '127.0.0.1 localhost' >/etc/hosts
ip link set lo up

# What runs on every server: devices, messages, a log, timed jobs, and somebody who is logged in and does nothing.
/lib/systemd/systemd-udevd --daemon
mkdir -p /run/dbus
dbus-daemon --system --fork
printf 'module(load="imuxsock")\nmodule(load="imklog")\n*.* /var/log/syslog\n' >/etc/rsyslog.conf
rsyslogd
printf '* * * * * root true\n' >/etc/crontab
cron
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
mkdir -p "$HOME"/.ssh
ssh-keygen -q -t ed25519 -N '' -f "$HOME"/.ssh/id_ed25519
cp "$HOME"/.ssh/id_ed25519.pub "$HOME"/.ssh/authorized_keys
/usr/sbin/sshd -f /dev/null -o UsePAM=no
ssh -tt -o StrictHostKeyChecking=no -o LogLevel=ERROR localhost </dev/ttyS0 >/dev/null &

# Gives start_servers, start_load, work_done, which prints how much work was done so far, and how often to look.
# shellcheck source=/dev/null
. "/mnt/$role.sh"
start_servers
tell "# servers run"
sleep 5
tell "# capture idle"
sh /mnt/capture.sh --seconds 1 --samples 8 >&3
start_load
sleep 4
tell "# capture loaded"
# shellcheck disable=SC2154 # from the script of the role
sh /mnt/capture.sh --seconds 1 --samples "$looks" >&3

# What /proc/PID/stack leaves out, the scheduler's own functions, is on the stacks that the kernel traces when it switches
# from one task to another. Each different one once.
tell "# stacks"
(
	mount -t tracefs tracefs /sys/kernel/tracing
	cd /sys/kernel/tracing || exit
	echo 20000 >buffer_size_kb
	echo stacktrace >events/sched/sched_switch/trigger
	sleep 3
	echo '!stacktrace' >events/sched/sched_switch/trigger
	awk '
	function told() {
		if (stack != "" && !(stack in seen)) print "# stack " stack
		seen[stack]
		stack = ""
	}
	$1 == "=>" { stack = stack (stack == "" ? "" : ";") $2; next }
	{ told() }
	END { told() }
	' trace >&3
)

# held: the names of those that the transition of $module waits for, one line.
held() {
	names=
	for task in /proc/[0-9]*/task/[0-9]*; do
		read -r state <"$task/patch_state" || continue
		[ "$state" = 0 ] || continue
		read -r name <"$task/comm" || continue
		names="$names|$name"
	done 2>/dev/null
	tell "# held $module ${names#|}"
}

# experiment MODULE: a livepatch under load. Tells every two seconds who holds its transition up; takes it back when that
# lasts.
experiment() {
	module=$1
	directory=/sys/kernel/livepatch/$module
	tell "# load $module"
	before=$(work_done)
	insmod "/mnt/$module.ko"
	sleep 0.5
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
		read -r transition <"$directory/transition"
		[ "$transition" = 1 ] || break
		held
		sleep 2
	done
	if [ "$transition" = 1 ]; then
		tell "# reverse $module"
		echo 0 >"$directory/enabled"
		sleep 3
	fi
	sleep 3
	tell "# done $module $(($(work_done) - before))"
}

for module in /mnt/lp_*.ko; do
	[ -e "$module" ] || continue
	module=${module##*/}
	experiment "${module%.ko}"
done
tell "# end"
sync
busybox poweroff -f
