#!/usr/bin/env bash
# `make test`: prepares what the tests need, starts one PostgreSQL for all of them, runs them.
# Must never print after the runner: its summary is the last thing to read, here and in CI.
set -euo pipefail
# shellcheck source=deploy/local/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$ROOT"

HERE=$ROOT/deploy/local

"$HERE/aws.sh" install
"$HERE/aws.sh" install-moto
"$HERE/aws.sh" install-models
export FIRELENS_TEST_MINISTACK=$LOCAL/venv/bin/ministack
export FIRELENS_TEST_MOTO=$LOCAL/moto/bin/moto_server
FIRELENS_TEST_IAM_REFERENCE=$("$HERE/iam.sh" install)
export FIRELENS_TEST_IAM_REFERENCE
export FIRELENS_TEST_AWS_MODELS=$LOCAL/aws-models
# One that is new enough, and every further one that `make kubectls` has brought: paths parted by colons.
mkdir -p "$LOCAL/kubectl"
FIRELENS_TEST_KUBECTLS=$(
  {
    "$HERE/kubectl.sh"
    find "$LOCAL/kubectl" -name kubectl -perm -u+x 2>/dev/null | sort
  } | paste -sd: -
)
export FIRELENS_TEST_KUBECTLS

if [ -z "${FIRELENS_TEST_DATABASE_URL:-}" ]; then
  ensure_postgres
  POSTGRES=$(postgres_dir test-postgres)
  trap '"$HERE/postgres.sh" stop "$POSTGRES" >/dev/null 2>&1 || true' EXIT
  FIRELENS_TEST_DATABASE_URL=$("$HERE/postgres.sh" start "$POSTGRES")
  export FIRELENS_TEST_DATABASE_URL
fi

# The end-to-end tests run the real binary; of the whole workspace, so that nothing is compiled twice.
cargo build --locked --workspace --bin firelens
FIRELENS_TEST_BINARY=${CARGO_TARGET_DIR:-$ROOT/target}/debug/firelens
export FIRELENS_TEST_BINARY

read -ra only <<<"${TESTS:-}"
if cargo nextest --version >/dev/null 2>&1; then
  # nextest runs no documentation tests, so those go first.
  [ ${#only[@]} -gt 0 ] || cargo test --locked --workspace --doc --quiet
  profile=default
  [ -z "${CI:-}" ] || profile=ci
  cargo nextest run --locked --workspace --profile "$profile" ${only[@]+"${only[@]}"}
else
  cargo test --locked --workspace ${only[@]+"${only[@]}"}
fi
