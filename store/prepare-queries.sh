#!/bin/sh
# Describes every SQL statement of the store to the compiler again: checks them against a scratch
# PostgreSQL that has all migrations, and writes the descriptions to .sqlx/, which is committed, so
# that everybody else builds without a database. Run it after changing a statement or a migration.
#
#   store/prepare-queries.sh           writes .sqlx/
#   store/prepare-queries.sh --check   fails if .sqlx/ is not what it would write
set -eu
cd "$(dirname "$0")/.."
root=$(pwd)

scratch=$(mktemp -d "${TMPDIR:-/tmp}/firelens-prepare.XXXXXX")
chmod 755 "$scratch"
trap 'deploy/local/postgres.sh stop "$scratch/postgres"; rm -rf "$scratch"' EXIT

url=$(deploy/local/postgres.sh start "$scratch/postgres")
for migration in migrations/*.sql; do
    psql -q -v ON_ERROR_STOP=1 "$url" -f "$migration"
done

mkdir "$scratch/queries"
# The macros run only when the crate is compiled, so it must not be up to date.
touch store/src/lib.rs
DATABASE_URL=$url SQLX_OFFLINE=false SQLX_OFFLINE_DIR=$scratch/queries \
    cargo check --quiet --package firelens-store --features scratch

if [ "${1:-}" = --check ]; then
    diff -r "$scratch/queries" "$root/.sqlx" || {
        echo "prepare-queries.sh: .sqlx is out of date; run store/prepare-queries.sh and commit it" >&2
        exit 1
    }
    exit
fi
mkdir -p .sqlx
find .sqlx -name 'query-*.json' -delete
find "$scratch/queries" -name 'query-*.json' -exec cp {} .sqlx/ \;
echo "prepare-queries.sh: $(find .sqlx -name 'query-*.json' | wc -l | tr -d ' ') statements described"
# Compiled against the scratch server a moment ago: compile against the files next time.
touch store/src/lib.rs
