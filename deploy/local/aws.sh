#!/usr/bin/env bash
# A local stand-in for AWS: MiniStack, in a Python environment of its own; moto beside it for the tests.
# Must never reach real AWS, keep state on disk, or listen on anything but loopback.
#
#   aws.sh install              MiniStack into .local/venv
#   aws.sh install-moto         moto's server into .local/moto
#   aws.sh install-models       AWS's own models of its services, from botocore, into .local/aws-models
#   aws.sh start DIR            starts MiniStack, pid and log in DIR; prints its URL
#   aws.sh stop DIR             ends it
set -euo pipefail
# shellcheck source=deploy/local/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# Pinned: both imitate AWS more closely with every release, and the tests lean on what they answer today.
# cbor2: without it MiniStack cannot read what the SDK asks CloudWatch.
MINISTACK_REQUIREMENTS=(ministack==1.5.33 cbor2==6.3.0)
# moto's own "server" extra also brings backends (docker, cfn-lint, ...) that ECS, IAM, S3 and STS never load.
MOTO_REQUIREMENTS=(moto==5.2.5 flask==3.1.3 flask-cors==6.0.5)
# AWS writes its API changes down in botocore first. A newer pin is how the tests learn of them.
MODELS_REQUIREMENTS=(botocore==1.44.8)
START_SECONDS=60

start() {
  local dir=$1 port url log=$1/ministack.log
  mkdir -p "$dir"
  if [ -f "$dir/ministack.url" ] && is_ours "$(cat "$dir/ministack.pid" 2>/dev/null)" ministack; then
    cat "$dir/ministack.url"
    return
  fi
  venv venv "${MINISTACK_REQUIREMENTS[@]}"
  port=$(free_port)
  url=http://127.0.0.1:$port
  # An access key of twelve digits is the account to MiniStack, so no account is set here.
  # Listeners of other protocols stay off: they would take fixed ports.
  # setsid: Ctrl-C in the terminal reaches our caller alone, who then stops us in order.
  env -u AUTH GATEWAY_PORT="$port" BIND_HOST=127.0.0.1 PERSIST_STATE=0 S3_PERSIST=0 \
    IOT_MTLS_ENABLED=0 SFTP_ENABLED=0 LOG_LEVEL=WARNING TMPDIR="$dir" DOCKER_HOST=unix:///nonexistent \
    setsid "$LOCAL/venv/bin/python" "$LOCAL/venv/bin/ministack" >"$log" 2>&1 </dev/null &
  printf '%s' $! >"$dir/ministack.pid"
  for _ in $(seq $((START_SECONDS * 5))); do
    if curl -fsS -o /dev/null "$url/_ministack/health" 2>/dev/null; then
      printf '%s' "$url" | tee "$dir/ministack.url"
      return
    fi
    is_ours "$(cat "$dir/ministack.pid")" ministack || break
    sleep 0.2
  done
  tail -n 20 "$log" >&2
  stop "$dir"
  die "MiniStack did not come up within $START_SECONDS seconds, its log is above"
}

stop() {
  stop_pid_file "$1/ministack.pid" ministack
  rm -f "$1/ministack.url"
}

# One small file for each operation, made anew when the pin or the script changes.
install_models() {
  local made script=$ROOT/deploy/local/aws_models.py
  made="${MODELS_REQUIREMENTS[*]} $(cksum <"$script")"
  if [ "$(cat "$LOCAL/aws-models/made.from" 2>/dev/null)" = "$made" ]; then return 0; fi
  venv botocore "${MODELS_REQUIREMENTS[@]}"
  rm -rf "$LOCAL/aws-models.new"
  "$LOCAL/botocore/bin/python" "$script" \
    "$("$LOCAL/botocore/bin/python" -c 'import botocore, os; print(os.path.dirname(botocore.__file__))')/data" \
    "$LOCAL/aws-models.new"
  printf '%s' "$made" >"$LOCAL/aws-models.new/made.from"
  rm -rf "$LOCAL/aws-models"
  mv "$LOCAL/aws-models.new" "$LOCAL/aws-models"
}

case "${1:-}" in
  install) venv venv "${MINISTACK_REQUIREMENTS[@]}" ;;
  install-models) install_models ;;
  install-moto) venv moto "${MOTO_REQUIREMENTS[@]}" ;;
  start) start "${2:?aws.sh start DIR}" ;;
  stop) stop "${2:?aws.sh stop DIR}" ;;
  *) die "usage: aws.sh install | install-models | install-moto | start DIR | stop DIR" ;;
esac
