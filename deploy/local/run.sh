#!/usr/bin/env bash
# `make run`: the operator in the foreground, on a PostgreSQL and a local AWS of its own; Ctrl-C ends all of it.
# Must never reach real AWS: whoever wants that starts `firelens serve` with their own credentials.
set -euo pipefail
# shellcheck source=deploy/local/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

HERE=$ROOT/deploy/local
RUN=$LOCAL/run
ensure_postgres
POSTGRES=$(postgres_dir run-postgres)

end() {
  trap '' INT TERM
  "$HERE/aws.sh" stop "$RUN"
  "$HERE/postgres.sh" stop "$POSTGRES"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

LISTEN=${LISTEN:-127.0.0.1:8080}
unset "${!AWS_@}"
DATABASE_URL=$("$HERE/postgres.sh" start "$POSTGRES")
AWS_ENDPOINT_URL=$("$HERE/aws.sh" start "$RUN")
# Twelve digits as access key are the account, to the local AWS.
export DATABASE_URL AWS_ENDPOINT_URL AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=111122223333 AWS_SECRET_ACCESS_KEY=local
export AWS_EC2_METADATA_DISABLED=true
say "PostgreSQL  $DATABASE_URL"
say "local AWS   $AWS_ENDPOINT_URL  (account $AWS_ACCESS_KEY_ID, $AWS_REGION)"
say "kubectl     --server http://$LISTEN"
"${CARGO_TARGET_DIR:-$ROOT/target}/debug/firelens" serve --listen "$LISTEN"
