#!/bin/sh
# A private PostgreSQL for tests and for trying things out on one machine.
# Never for data that matters: it does not wait for the disk, and trusts everybody on this machine.
#
#   postgres.sh start DIR   starts a server with its data in DIR, unless one runs there; prints its URL
#   postgres.sh url DIR     prints the URL of the server that runs in DIR
#   postgres.sh stop DIR    stops it and removes its data
#   postgres.sh watch DIR   waits until nobody holds a shared lock on DIR/users any more, then stops
#                           it; ends at once where somebody watches already
#
# Server programs are looked for in FIRELENS_POSTGRES_BIN, on PATH and under /usr/lib/postgresql.
# PostgreSQL refuses to run as root; root hands the server to the user postgres, or else nobody.
set -eu

fail() {
    echo "postgres.sh: $*" >&2
    exit 1
}

find_programs() {
    # Paths of packages: they hold nothing that ls would spell otherwise.
    # shellcheck disable=SC2012
    for bin in "${FIRELENS_POSTGRES_BIN:-}" "$(dirname "$(command -v initdb || echo /none)")" \
        $(ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin 2>/dev/null | sort -rV); do
        if [ -n "$bin" ] && [ -x "$bin/initdb" ] && [ -x "$bin/pg_ctl" ]; then
            return
        fi
    done
    fail "no initdb found; install PostgreSQL 14 or newer, or set FIRELENS_POSTGRES_BIN"
}

# Runs a program as the user of the server.
as_owner() {
    if [ "$(id -u)" != 0 ]; then
        "$@"
    elif command -v runuser >/dev/null; then
        runuser -u "$owner" -- "$@"
    else
        setpriv --reuid "$owner" --regid "$(id -g "$owner")" --clear-groups "$@"
    fi
}

pick_owner() {
    owner=$(id -un)
    if [ "$(id -u)" = 0 ]; then
        owner=nobody
        if id postgres >/dev/null 2>&1; then owner=postgres; fi
    fi
}

# The fourth line of postmaster.pid is the port.
print_url() {
    port=$(sed -n 4p "$dir/data/postmaster.pid" 2>/dev/null) || true
    [ -n "${port:-}" ] || fail "no server runs in $dir"
    echo "postgres://firelens@127.0.0.1:$port/postgres"
}

is_running() {
    as_owner "$bin/pg_ctl" -D "$dir/data" status >/dev/null 2>&1
}

start() {
    mkdir -p "$dir"
    if [ "$(id -u)" = 0 ]; then chown "$owner" "$dir"; fi
    as_owner test -w "$dir" || fail "$owner cannot write to $dir; choose another directory"
    if is_running; then
        print_url
        return
    fi
    if [ ! -f "$dir/data/PG_VERSION" ]; then
        rm -rf "$dir/data"
        as_owner "$bin/initdb" -D "$dir/data" -U firelens -A trust -E UTF8 --locale=C \
            --no-sync --no-instructions >"$dir/initdb.log" 2>&1 || {
            cat "$dir/initdb.log" >&2
            fail "initdb failed"
        }
    fi
    # Two who start at once can draw the same port: try again with another.
    for attempt in 1 2 3 4 5 6 7 8; do
        port=$((20000 + ($(od -An -N2 -tu2 /dev/urandom)) % 12000))
        if (cd "$dir" && as_owner "$bin/pg_ctl" -D "$dir/data" -w -t 30 -l "$dir/data/server.log" -o \
            "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off \
             -c synchronous_commit=off -c full_page_writes=off -c max_connections=300 \
             -c max_wal_size=1GB -c autovacuum_naptime=10s" start >/dev/null 2>&1); then
            print_url
            return
        fi
    done
    tail -20 "$dir/data/server.log" >&2 || true
    fail "the server did not start after $attempt attempts"
}

stop() {
    if is_running; then as_owner "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null; fi
    rm -rf "$dir/data"
}

# Stops the server after it was unused for half a minute: long enough for a test run to go from one
# program to the next. Without flock(1), after an hour.
watch() {
    if ! command -v flock >/dev/null; then
        sleep 3600
        stop
        return
    fi
    exec 9>"$dir/watching"
    flock -n -x 9 || return 0
    idle_checks=0
    while is_running; do
        sleep 5
        if flock -n -x "$dir/users" true; then idle_checks=$((idle_checks + 1)); else idle_checks=0; fi
        if [ "$idle_checks" -ge 6 ]; then
            # Newcomers wait for the lock while the server goes, and then start another.
            flock -n -x "$dir/users" "$0" stop "$dir" && return
            idle_checks=0
        fi
    done
}

[ $# = 2 ] || fail "usage: postgres.sh start|url|stop|watch DIR"
case $2 in /*) dir=$2 ;; *) dir=$(pwd)/$2 ;; esac
find_programs
pick_owner
case $1 in
start) start ;;
url)
    is_running || fail "no server runs in $dir"
    print_url
    ;;
stop) stop ;;
watch) watch ;;
*) fail "usage: postgres.sh start|url|stop|watch DIR" ;;
esac
