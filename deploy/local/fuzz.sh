#!/usr/bin/env bash
# `make fuzz`: runs each fuzz target of the core for the seconds given, one after the other.
# Must never touch the build of the project: the targets are a workspace of their own.
set -euo pipefail
# shellcheck source=deploy/local/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$ROOT/core/fuzz"

CARGO_FUZZ_VERSION=0.13.2
SECONDS_EACH=${1:?usage: fuzz.sh SECONDS}
# libFuzzer's instrumentation is there on nightly only.
export RUSTUP_TOOLCHAIN=${FUZZ_TOOLCHAIN:-nightly}

cargo --version >/dev/null 2>&1 || die "no toolchain $RUSTUP_TOOLCHAIN: rustup toolchain install $RUSTUP_TOOLCHAIN --profile minimal"
cargo fuzz --version >/dev/null 2>&1 || {
  say "installing cargo-fuzz $CARGO_FUZZ_VERSION"
  cargo install --locked --quiet cargo-fuzz --version "$CARGO_FUZZ_VERSION"
}

for target in doc custom_config render; do
  say "$target: $SECONDS_EACH seconds"
  mkdir -p "corpus/$target" "seeds/$target"
  # Nothing here is unsafe, so the address sanitizer would only cost speed.
  cargo fuzz run --fuzz-dir . --sanitizer none "$target" "corpus/$target" "seeds/$target" -- \
    -max_total_time="$SECONDS_EACH" -max_len=4096 -timeout=20 -print_final_stats=1
done
