#!/usr/bin/env bash
# What drives the real operator with the real clock: the acceptance run and the soak (tests/acceptance, tests/soak).
# Must never choose an AWS: that is for the program, from the caller's environment.
#
#   live.sh PROGRAM ARGUMENT...   acceptance run | acceptance clean | acceptance.interruptions | soak
set -euo pipefail
# shellcheck source=deploy/local/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# botocore follows with boto3: it knows every parameter of today's ECS.
LIVE_REQUIREMENTS=(boto3==1.44.8)

[ $# -ge 1 ] || die "usage: live.sh PROGRAM ARGUMENT..."
ensure_postgres
"$ROOT/deploy/local/aws.sh" install
"$ROOT/deploy/local/kubectl.sh" >/dev/null
venv live "${LIVE_REQUIREMENTS[@]}"
cd "$ROOT"
# In our place, so that a signal meets one program that puts everything in order.
PYTHONPATH=$ROOT/tests exec "$LOCAL/live/bin/python" -B -m "$@"
