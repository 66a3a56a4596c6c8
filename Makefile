# `make` alone prints help. Everything installs by itself what it needs, into .venv/.
PYTHON  ?= python3
SANDBOX ?= .sandbox
BIN     := .venv/bin
PIP     := $(BIN)/python -m pip --disable-pip-version-check --quiet install
# The locks are complete. pip resolves nothing, so that a newer release of any package changes nothing.
LOCKED  := $(PIP) --no-deps --require-hashes --requirement
SOUND   := $(BIN)/python -m pip --disable-pip-version-check check
CONFIG  := $(SANDBOX)/snap-token.toml
SPECS   := openapi/snap-token.yaml openapi/internal.yaml
EXAMPLES ?= 500
NODE    := PATH="$(CURDIR)/$(BIN):$$PATH" REDOCLY_SUPPRESS_UPDATE_NOTICE=true

.DEFAULT_GOAL := help
.PHONY: help install run request test story check fuzz bench mutants screenshot ci lock

help: ## Print this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: .venv/.run .venv/.test ## Make .venv/ with what running and testing need

run: .venv/.run $(CONFIG) ## Serve a sandbox on 127.0.0.1:8080 and print a signed curl command
	@$(BIN)/snap-token serve --config $(CONFIG)

request: .venv/.run $(CONFIG) ## Sign and send a request to that sandbox as NICEPAY would
	@$(BIN)/snap-token request --config $(CONFIG)

test: .venv/.run .venv/.test ## Run the tests; what a missing program cannot run is skipped with its reason
	@$(BIN)/python -m pytest --cov --cov-report=term

story: .venv/.run .venv/.test ## Play NICO against real processes, and print what is sent and answered
	@$(BIN)/python -m pytest --quiet --capture=no tests/e2e/test_story.py

check: .venv/.run .venv/.test .venv/.check ## Lint the code and the documents, check types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest --quiet tests/unit/test_house.py
	@$(BIN)/openapi-spec-validator $(SPECS)
	@$(NODE) node tests/lint/node_modules/.bin/spectral lint --fail-severity warn --fail-on-unmatched-globs \
	  --ruleset tests/lint/spectral.yaml $(SPECS)
	@$(NODE) node tests/lint/node_modules/.bin/redocly lint --config tests/lint/redocly.yaml --lint-config error $(SPECS)

bench: .venv/.run .venv/.test ## Measure: throughput beside others, and how long each kind of refusal takes
	@$(BIN)/python -m tests.bench.throughput
	@$(BIN)/python -m tests.bench.refusals

ci: check fuzz test ## What CI runs

fuzz: .venv/.run .venv/.test ## Fuzz started servers against both documents: EXAMPLES=500 SEED=...
	@$(BIN)/python -m tests.fuzz.run --examples $(EXAMPLES) $(if $(SEED),--seed $(SEED))

screenshot: .venv/.test ## Take the README's picture of the sandbox's page anew; needs Chromium
	@SCREENSHOT=1 $(BIN)/python -m pytest --quiet tests/e2e/test_sandbox_page.py -k picture

mutants: .venv/.mutants ## Break the rules and the guard in every small way, and see which break no test
	@$(BIN)/mutmut run
	@$(BIN)/mutmut results

lock: .venv/.check ## Pin the newest versions of everything, with hashes
	@$(PIP) uv
	@$(PIN) pyproject.toml --group build --output-file requirements.lock
	@$(PIN) pyproject.toml --group build --group test --constraint requirements.lock --output-file tests/requirements.lock
	@$(PIN) --group check --constraint tests/requirements.lock --output-file tests/lint/requirements.lock
	@$(PIN) --group mutants --constraint tests/requirements.lock --output-file tests/mutants.lock
	@cd tests/lint && $(NODE) npm install --package-lock-only
PIN := $(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-header --no-annotate --universal --python-version 3.11

$(CONFIG): | .venv/.run
	@$(BIN)/snap-token init $(SANDBOX)

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "make: Python 3.11 or newer is needed; name it with PYTHON=..." >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "make: python3-venv is missing; on Debian: apt-get install python3-venv" >&2; exit 2; }
	@$(PYTHON) -m venv .venv

.venv/.run: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing into .venv/ ..."
	@$(LOCKED) requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@$(SOUND)
	@touch $@

.venv/.test: tests/requirements.lock | .venv/.run
	@$(LOCKED) tests/requirements.lock
	@$(SOUND)
	@touch $@

.venv/.mutants: tests/mutants.lock | .venv/.test
	@$(LOCKED) tests/mutants.lock
	@$(SOUND)
	@touch $@

.venv/.check: tests/lint/requirements.lock tests/lint/package-lock.json | .venv/.test
	@$(LOCKED) tests/lint/requirements.lock
	@$(SOUND)
	@$(NODE) npm ci --prefix tests/lint
	@touch $@
