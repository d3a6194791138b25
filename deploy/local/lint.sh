#!/usr/bin/env bash
# The checks beside the compiler's: dependencies, scripts, manifests, alert rules.
# Must never change a file of the project.
set -euo pipefail
# shellcheck source=deploy/local/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$ROOT"

CARGO_DENY_VERSION=0.20.2
LINT_REQUIREMENTS=(ruff==0.17.6 PyYAML==6.0.3)
# The judges of what is applied in an account, in an environment of their own: they bring much along.
POLICY_REQUIREMENTS=(cfn-lint==1.58.0 parliament==1.6.4)

dependencies() {
  cargo deny --version >/dev/null 2>&1 || {
    say "installing cargo-deny $CARGO_DENY_VERSION"
    cargo install --locked --quiet cargo-deny --version "$CARGO_DENY_VERSION"
  }
  cargo deny --locked check bans licenses sources
  # Advisories live in a git repository of their own, which a closed network does not reach.
  # Not reaching it is no finding, and is said; a finding fails.
  local database=https://github.com/RustSec/advisory-db
  if GIT_TERMINAL_PROMPT=0 timeout 20 git ls-remote --quiet "$database" HEAD >/dev/null 2>&1; then
    cargo deny --locked check advisories
  else
    say "advisories: NOT CHECKED, $database cannot be reached from here"
  fi
}

# The list of prices in what users read is checked by people, at least once a year.
prices() {
  local list=core/aws/src/fit/prices.txt day age_days
  day=$(sed -n 's/^as-of //p' "$list")
  age_days=$((($(date +%s) - $(date -d "$day" +%s)) / 86400))
  [ "$age_days" -le 366 ] || die "$list: the prices are $age_days days old; check them and set the date"
}

scripts() {
  prices
  command -v shellcheck >/dev/null 2>&1 || apt_install shellcheck
  git ls-files -z '*.sh' .ci/run | xargs -0 shellcheck --external-sources
  venv lint "${LINT_REQUIREMENTS[@]}"
  "$LOCAL/lint/bin/ruff" check --quiet deploy tests
  "$LOCAL/lint/bin/ruff" format --check --quiet deploy tests
}

manifests() {
  venv lint "${LINT_REQUIREMENTS[@]}"
  # Short tags of CloudFormation (!Sub) are nodes like any other here: only the form is judged.
  git ls-files -z '*.yaml' '*.yml' | xargs -0 "$LOCAL/lint/bin/python" -c \
    'import sys, yaml; [list(yaml.compose_all(open(name))) for name in sys.argv[1:]]'
  git ls-files -z '*.json' | xargs -0 python3 -c \
    'import json, sys; [json.load(open(name)) for name in sys.argv[1:]]'
  # Of the whole workspace, as the tests build it: nothing is compiled twice.
  cargo build --locked --quiet --workspace --bin firelens
  "${CARGO_TARGET_DIR:-target}/debug/firelens" lint -f deploy/examples
}

# Templates as CloudFormation knows them, and a second judge of the policies beside the tests.
policies() {
  venv policies "${POLICY_REQUIREMENTS[@]}"
  "$LOCAL/policies/bin/cfn-lint" deploy/cloudformation/*.yaml
  "$LOCAL/policies/bin/parliament" --directory deploy/iam --minimum_severity MEDIUM \
    --config deploy/local/parliament.yaml </dev/null
}

fetch_promtool() {
  local work
  say "fetching promtool"
  mkdir -p "$LOCAL"
  work=$(mktemp -d "$LOCAL/promtool.XXXXXX")
  (
    trap 'rm -rf "$work"' EXIT
    cd "$work"
    apt-get download -qq prometheus 2>/dev/null || {
      as_root apt-get update -qq
      apt-get download -qq prometheus
    }
    dpkg-deb -x ./prometheus_*.deb .
    mv usr/bin/promtool "$LOCAL/promtool"
  )
}

alerts() {
  local promtool
  if ! promtool=$(command -v promtool); then
    # Unpacked, not installed: Debian's package would start a Prometheus of its own.
    promtool=$LOCAL/promtool
    [ -x "$promtool" ] || fetch_promtool
  fi
  "$promtool" check rules deploy/prometheus/alerts.yaml
  "$promtool" test rules deploy/prometheus/alerts.test.yaml
}

case "${1:-}" in
  dependencies | scripts | manifests | policies | alerts) "$1" ;;
  *) die "usage: lint.sh dependencies | scripts | manifests | policies | alerts" ;;
esac
