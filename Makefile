# `make` alone lists what there is. Needs cargo; what else a target needs it installs (Debian, as root) or names.
.PHONY: help run test soak bench fmt lint guests tools clean

CARGO = cargo
PLUGINS = target/plugins
# The same for every recipe, so that one build serves all of them.
export HOOKMILL_BIN = $(CURDIR)/target/debug/hookmill

help: ## lists the targets
	@awk -F':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

run: ## builds everything and starts the gateway on 127.0.0.1:8080 with a sample pipeline, data in ./data
	@.ci/tools guests
	@echo 'building hookmill; the first time this takes some minutes'
	@$(CARGO) build --release -p hookmill
	@echo 'building the plugins'
	@plugins/build.sh
	@mkdir -p data && chmod 700 data
	@[ -s data/admin-key ] || printf 'hm_admin_%s' "$$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')" > data/admin-key
	@HOOKMILL_ADMIN_KEY="$$(cat data/admin-key)" target/release/hookmill serve --data ./data --sample

test: tools ## formatting, lints, and every test
	@.ci/each-workspace fmt --check
	@.ci/run-tests

soak: tools ## the tests of endurance and latency at full length, a fuzzer over the API, and builds the benches; needs cargo-nextest
	@.ci/run-tests soak
	@.ci/check-api

bench: guests ## measures: building blocks by criterion, then the whole path of an event
	@$(CARGO) build --release --quiet -p hookmill
	@$(CARGO) bench --quiet -p hookmill
	@target/release/hookmill bench
	@target/release/hookmill bench --mapping --plugin $(PLUGINS)/filter-leads.wasm
	@target/release/hookmill bench --time-travel 100000 --plugin $(PLUGINS)/filter-leads.wasm

fmt: ## formats all sources
	@.ci/each-workspace fmt

lint: ## formatting and lints alone
	@.ci/each-workspace fmt --check
	@$(CARGO) clippy --quiet --workspace --all-targets -- -D warnings

guests:
	@plugins/build.sh
	@tests/guests/build.sh

tools:
	@.ci/tools tests

clean: ## removes what was built; keeps ./data
	@rm -rf target tests/js/node_modules plugins/*/node_modules plugins/*/.hookmill plugins/target
