# shellcheck shell=bash
# Helpers that the scripts of this folder share. Sourced, never run.
# Must never end a process it cannot show to be its own, nor listen on anything but loopback.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
LOCAL=${FIRELENS_LOCAL_DIR:-$ROOT/.local}

say() { printf '%s\n' "$*" >&2; }
die() {
  say "error: $*"
  exit 1
}

# as_root COMMAND...: root stays root, everyone else asks sudo.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1; then
    sudo "$@"
  else
    die "'$*' needs root, and there is no sudo here: run it by hand, then try again"
  fi
}

# apt_install PACKAGE...: from the distribution. A stale or missing package list is brought up to date once.
apt_install() {
  command -v apt-get >/dev/null 2>&1 ||
    die "needs $* and can install it with apt-get only: install it with your package manager, then try again"
  say "installing $* with apt-get"
  local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@")
  as_root "${install[@]}" >/dev/null 2>&1 || {
    as_root apt-get update -qq >/dev/null
    as_root "${install[@]}" >/dev/null
  }
}

# free_port: a loopback port that nobody listens on right now.
free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# is_ours PID WORD: that process lives and WORD is in its command line. Pids are reused; a word is not.
is_ours() {
  [ -n "$1" ] && ps -o command= -p "$1" 2>/dev/null | grep -qF -- "$2"
}

# stop_pid_file FILE WORD: ends the process named in FILE if it is ours: asks first, insists after ten seconds.
stop_pid_file() {
  local file=$1 word=$2 pid
  [ -f "$file" ] || return 0
  pid=$(cat "$file")
  if is_ours "$pid" "$word"; then
    kill "$pid" 2>/dev/null || true
    for _ in $(seq 100); do
      is_ours "$pid" "$word" || break
      sleep 0.1
    done
    if is_ours "$pid" "$word"; then kill -KILL "$pid" 2>/dev/null || true; fi
  fi
  rm -f "$file"
}

# venv NAME REQUIREMENT...: a Python environment under .local that holds exactly these, made once.
# The list is kept inside, so a changed pin makes the environment anew.
venv() {
  local dir=$LOCAL/$1
  shift
  if [ "$(cat "$dir/requirements.ok" 2>/dev/null)" = "$*" ]; then return 0; fi
  say "preparing ${dir#"$ROOT"/}: $*"
  rm -rf "$dir"
  if ! python3 -m venv "$dir" >/dev/null 2>&1; then
    # Debian ships the module that seeds an environment with pip in a package of its own.
    apt_install python3-venv
    python3 -m venv "$dir"
  fi
  "$dir/bin/pip" install --quiet --disable-pip-version-check "$@"
  printf '%s' "$*" >"$dir/requirements.ok"
}

# ensure_postgres: server programs are there, from the distribution if need be.
ensure_postgres() {
  local found
  command -v initdb >/dev/null 2>&1 && return 0
  for found in "${FIRELENS_POSTGRES_BIN:-/none}" /usr/lib/postgresql/*/bin /usr/pgsql-*/bin; do
    if [ -x "$found/initdb" ]; then return 0; fi
  done
  apt_install postgresql
}

# postgres_dir NAME: where a cluster of that name lives. PostgreSQL never runs as root; where root's checkout is closed
# to the user it is handed to, the cluster goes to the temporary directory.
postgres_dir() {
  local user=nobody dir=$LOCAL/$1
  mkdir -p "$LOCAL"
  if [ "$(id -u)" -eq 0 ]; then
    if id postgres >/dev/null 2>&1; then user=postgres; fi
    runuser -u "$user" -- test -x "$LOCAL" 2>/dev/null ||
      dir=${TMPDIR:-/tmp}/firelens-$(printf '%s' "$LOCAL" | cksum | cut -d ' ' -f 1)-$1
  fi
  printf '%s\n' "$dir"
}
