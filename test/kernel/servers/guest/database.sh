# PostgreSQL with many connections that do nothing and some that do: reading, writing, and waiting for each other.

# shellcheck disable=SC2034 # read by main.sh
looks=12

bin=/usr/lib/postgresql/15/bin

# Words, not a function: in the background a function would leave a shell that waits.
as_postgres='setpriv --reuid=postgres --regid=postgres --clear-groups env HOME=/tmp'

start_servers() {
	data=/var/lib/postgresql/data
	mkdir -p $data
	chown -R postgres:postgres /var/lib/postgresql /run/postgresql
	chmod 700 $data
	$as_postgres $bin/initdb --auth=trust --no-sync --no-locale -D $data >/dev/null
	printf '%s\n' 'max_connections = 200' 'shared_buffers = 64MB' 'autovacuum_naptime = 5s' 'checkpoint_timeout = 30s' \
		'max_parallel_workers_per_gather = 0' 'logging_collector = on' >>$data/postgresql.conf
	$as_postgres $bin/pg_ctl --silent --wait -D $data start >/dev/null
	$as_postgres $bin/pgbench --quiet --initialize --scale=2 postgres >/dev/null 2>&1
	# Connections that were made and are not used. Nobody ever writes into that pipe.
	mkfifo /tmp/silence
	exec 9<>/tmp/silence
	for _ in $(seq 1 40); do
		$as_postgres $bin/psql --quiet postgres <&9 &
	done
}

start_load() {
	# 60 transactions a second over 12 connections; each updates four tables and commits to the disk.
	$as_postgres $bin/pgbench --client=12 --rate=60 --time=3600 postgres >/dev/null 2>&1 &
	$as_postgres $bin/pgbench --client=4 --rate=40 --select-only --time=3600 postgres >/dev/null 2>&1 &
}

work_done() {
	$as_postgres $bin/psql --no-align --tuples-only --command='SELECT sum(xact_commit) FROM pg_stat_database' postgres
}
