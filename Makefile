# What people and CI call. Every target installs what it needs into .local/ (or with apt-get, where it must),
# uses loopback only, and can be called again.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CARGO ?= cargo
# Statements are checked against the committed .sqlx/; a DATABASE_URL of yours must not change a build.
export SQLX_OFFLINE ?= true

.PHONY: help demo demo-stop run build test bench-core fuzz lint fmt lint-rust lint-dependencies lint-scripts lint-manifests \
        lint-policies alerts kubectls prepare-queries clean-local acceptance acceptance-clean acceptance-test soak-local

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The debug build, which `make test` uses as well: nothing in the demo is bound by it. The two minutes count from
# here on, not the build.
demo: ## the whole story on a local AWS in under two minutes; KEEP=1 leaves it running
	@$(CARGO) build --locked --workspace --bin firelens
	@KEEP="$(KEEP)" deploy/local/demo.sh run

demo-stop: ## ends what `make demo KEEP=1` left running
	@deploy/local/demo.sh stop

run: ## PostgreSQL, a local AWS with nothing in it, and the operator in the foreground
	@$(CARGO) build --locked --workspace --bin firelens
	@deploy/local/run.sh

build: ## release build of the one binary: target/release/firelens
	$(CARGO) build --locked --release --package firelens

test: ## every test, on a PostgreSQL and a local AWS of its own; TESTS=name narrows it
	@TESTS="$(TESTS)" deploy/local/test.sh

# FIRELENS_BINARY names a program that is built already; else it is the release build, as users run it.
acceptance: ## install to removal, on the AWS of the environment (asks first) or else on a local one
	@[ -n "$(FIRELENS_BINARY)" ] || $(MAKE) build
	@deploy/local/live.sh acceptance run

acceptance-clean: ## removes what an acceptance run that was killed has left: RUN=its name
	@deploy/local/live.sh acceptance clean --run "$(RUN)"

acceptance-test: ## the acceptance run on a local AWS, then ended at many points: nothing may be left
	@$(CARGO) build --locked --workspace --bin firelens
	@FIRELENS_BINARY="$${CARGO_TARGET_DIR:-target}/debug/firelens" deploy/local/live.sh acceptance.interruptions

soak-local: ## SOAK_MINUTES (30) of a fleet, its owners, edits, kills and a failing AWS; all of it local
	@[ -n "$(FIRELENS_BINARY)" ] || $(MAKE) build
	@deploy/local/live.sh soak

bench-core: ## the core against a Python script that does the same; checks that the results are equal
	@python3 tests/bench/compare.py

FUZZ_SECONDS ?= 600

fuzz: ## each fuzz target of the core for FUZZ_SECONDS (600); needs a nightly Rust
	@deploy/local/fuzz.sh "$(FUZZ_SECONDS)"

lint: lint-rust lint-dependencies lint-scripts lint-manifests lint-policies alerts ## everything that reads the code without running it

fmt: ## formats the Rust code
	$(CARGO) fmt --all

lint-rust:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --document-private-items --quiet

lint-dependencies:
	@deploy/local/lint.sh dependencies

lint-scripts:
	@deploy/local/lint.sh scripts

lint-manifests:
	@deploy/local/lint.sh manifests

lint-policies:
	@deploy/local/lint.sh policies

alerts: ## the alert rules against their own tests
	@deploy/local/lint.sh alerts

kubectls: ## every kubectl from 1.27 to 1.33, for the end-to-end tests to run with
	@deploy/local/kubectl.sh all

prepare-queries: ## brings .sqlx/ up to date after a change to a statement or a migration
	@store/prepare-queries.sh

clean-local: ## ends and removes everything under .local/
	@deploy/local/demo.sh clean
