#!/usr/bin/env bash
# `make demo`: prepares .local/, then tells the story of deploy/local/demo.
# Must never reach real AWS or a database of yours, nor leave anything running unless asked to (KEEP=1).
#
#   demo.sh run     KEEP=1 leaves everything running
#   demo.sh stop    ends what a run left
#   demo.sh clean   ends everything that runs from .local/, and removes it
set -euo pipefail
# shellcheck source=deploy/local/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

HERE=$ROOT/deploy/local
RUN=$LOCAL/demo

stop() {
  stop_pid_file "$RUN/firelens.pid" "firelens serve"
  "$HERE/aws.sh" stop "$RUN"
  local postgres
  postgres=$(postgres_dir demo-postgres)
  if [ -d "$postgres/data" ]; then "$HERE/postgres.sh" stop "$postgres"; fi
}

run() {
  # One at a time: a second would end the first. The lock goes with the process that takes our place.
  mkdir -p "$LOCAL"
  exec 9>"$LOCAL/demo.lock"
  flock -n 9 || die "a demo is running in this checkout already"
  ensure_postgres
  "$HERE/aws.sh" install
  DEMO_KUBECTL=$("$HERE/kubectl.sh")
  DEMO_POSTGRES=$(postgres_dir demo-postgres)
  DEMO_FIRELENS=${CARGO_TARGET_DIR:-$ROOT/target}/debug/firelens
  [ -x "$DEMO_FIRELENS" ] || die "build it first: cargo build --workspace --bin firelens (make demo does)"
  stop
  rm -rf "$RUN"
  mkdir -p "$RUN"
  export DEMO_KUBECTL DEMO_POSTGRES DEMO_FIRELENS DEMO_RUN=$RUN DEMO_KEEP=${KEEP:-}
  # In our place, so that Ctrl-C meets one program that puts everything in order.
  exec "$LOCAL/venv/bin/python" -B "$HERE/demo"
}

# What a run, a test run or `make run` that was killed may have left, and everything that was fetched.
clean() {
  local name dir
  stop
  "$HERE/aws.sh" stop "$LOCAL/run"
  for name in demo run test; do
    dir=$(postgres_dir "$name-postgres")
    if [ -d "$dir/data" ]; then "$HERE/postgres.sh" stop "$dir"; fi
    rm -rf "$dir"
  done
  rm -rf "$LOCAL"
}

case "${1:-}" in
  run) run ;;
  stop) stop ;;
  clean) clean ;;
  *) die "usage: demo.sh run | stop | clean" ;;
esac
