# `make` without a target prints help. Each target installs what it needs into $(VENV)/.
PYTHON  ?= python3
VENV    := .venv
SANDBOX ?= .sandbox
BIN     := $(VENV)/bin
PIP     := $(BIN)/python -m pip --disable-pip-version-check --quiet install
# The locks name every package, so pip resolves nothing and a newer release changes nothing.
LOCKED  := $(PIP) --no-deps --require-hashes --requirement
SOUND   := $(BIN)/python -m pip --disable-pip-version-check --quiet check
CONFIG  := $(SANDBOX)/snap-token.toml
SPECS   := openapi/snap-token.yaml openapi/internal.yaml
EXAMPLES ?= 500
NODE    := PATH="$(CURDIR)/$(BIN):$$PATH" REDOCLY_SUPPRESS_UPDATE_NOTICE=true

.DEFAULT_GOAL := help
.PHONY: help install run request test lowest pythons story check docs reference fuzz bench mutants screenshot ci lock

help: ## Print this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/.run $(VENV)/.test ## Create .venv/ with the packages for the server and the tests

run: $(VENV)/.run $(CONFIG) ## Serve a sandbox on 127.0.0.1:8080 and print a signed curl command
	@$(BIN)/snap-token serve --config $(CONFIG)

request: $(VENV)/.run $(CONFIG) ## Sign a token request as NICEPAY does, and send it to that sandbox
	@$(BIN)/snap-token request --config $(CONFIG)

test: $(VENV)/.run $(VENV)/.test ## Run all tests; those that need a missing program are skipped with the reason
	@$(BIN)/python -m pytest $(IN_PROCESS) --numprocesses auto --dist worksteal --cov --cov-report= --cov-fail-under=0
	@$(BIN)/python -m pytest tests/e2e --numprocesses auto --dist loadfile --cov --cov-append --cov-report=term
# The tests of one file in tests/e2e share programs that they start, so one process runs them.
IN_PROCESS := tests/unit tests/api tests/judge tests/fuzz

lowest: ## Run the unit and API tests with the lowest versions that pyproject.toml allows
	@$(MAKE) --no-print-directory PYTHON=$(LOWEST) VENV=.venv-lowest .venv-lowest/.lowest
	@.venv-lowest/bin/python -m pytest $(CORE) --ignore=tests/unit/doctor -W ignore::DeprecationWarning

pythons: ## Run the unit and API tests with each other supported Python that is installed
	@for python in $(PYTHONS); do \
	  $$python -c "" 2>/dev/null || { echo "$$python is not installed"; continue; }; \
	  $(MAKE) --no-print-directory PYTHON=$$python VENV=.venv-$$python install && \
	  .venv-$$python/bin/python -m pytest $(CORE) || exit; \
	done
# Old packages warn. The doctor needs no package that other tests do not use.
# Debian 12 has Python 3.11.2, whose module `re` has bugs that later releases do not have.
LOWEST  := $(firstword $(wildcard /usr/bin/python3.11) $(PYTHON))
CORE    := tests/unit tests/api --numprocesses auto --dist worksteal --quiet --no-header
PYTHONS := python3.12 python3.13 python3.14

story: $(VENV)/.run $(VENV)/.test ## Run calls of every form against real processes, and print requests and answers
	@$(BIN)/python -m pytest --quiet --capture=no tests/e2e/test_story.py tests/e2e/test_story_of_forms.py

check: $(VENV)/.run $(VENV)/.test $(VENV)/.check docs ## Lint code, documents and workflow, check types, build the website
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest --quiet tests/unit/test_house.py tests/unit/test_pages_in_step.py
	@$(BIN)/openapi-spec-validator $(SPECS)
	@$(NODE) node tests/lint/node_modules/.bin/spectral lint --fail-severity warn --fail-on-unmatched-globs \
	  --ruleset tests/lint/spectral.yaml $(SPECS)
	@$(NODE) node tests/lint/node_modules/.bin/redocly lint --config tests/lint/redocly.yaml --lint-config error $(SPECS)
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/zizmor --offline --quiet --no-progress .github/workflows
	@$(BIN)/pre-commit validate-config

docs: $(VENV)/.docs ## Build the website of the documentation into .site/; a broken link is an error
	@rm -rf .site
	@$(WEBSITE) -D language=en docs/en .site
	@$(WEBSITE) -D language=id docs/id .site/id
WEBSITE := $(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --doctree-dir .reports/doctrees --fresh-env -c docs

reference: $(VENV)/.run $(VENV)/.test ## Write the help of the commands and the table of the verdicts into docs/
	@$(BIN)/python -m tests.reference

bench: $(VENV)/.run $(VENV)/.test ## Measure throughput in comparison with others, and the time of each kind of refusal
	@$(BIN)/python -m tests.bench.request_path
	@$(BIN)/python -m tests.bench.call_path
	@$(BIN)/python -m tests.bench.throughput
	@$(BIN)/python -m tests.bench.refusals

ci: check fuzz test lowest pythons ## Run everything that CI runs

fuzz: $(VENV)/.run $(VENV)/.test ## Fuzz real servers with both OpenAPI documents; options: EXAMPLES=500 SEED=...
	@$(BIN)/python -m tests.fuzz.run --examples $(EXAMPLES) $(if $(SEED),--seed $(SEED))

screenshot: $(VENV)/.test ## Take a new screenshot of the sandbox's page for the documentation; needs Chromium
	@SCREENSHOT=1 $(BIN)/python -m pytest --quiet tests/e2e/test_sandbox_page.py -k picture

mutants: $(VENV)/.mutants ## Change the contract rules and request limits in small ways, and list the changes that no test finds
	@$(BIN)/mutmut run
	@$(BIN)/mutmut results

lock: $(VENV)/.check ## Pin the newest allowed release of every package, with hashes
	@$(PIN) pyproject.toml --group build --output-file requirements.lock
	@$(PIN) pyproject.toml --group build --group test --constraint requirements.lock --output-file tests/requirements.lock
	@$(PIN) pyproject.toml --resolution lowest-direct --output-file tests/lowest.lock
	@$(PIN) --group check --constraint tests/requirements.lock --output-file tests/lint/requirements.lock
	@$(PIN) --group docs --fork-strategy fewest --constraint tests/requirements.lock --output-file docs/requirements.lock
	@$(PIN) --group mutants --constraint tests/requirements.lock --output-file tests/mutants.lock
	@for name in python-nicepay bench-web bench-snapapi bench-doku; do \
	  $(PIN) --group $$name --output-file tests/locks/$$name.lock || exit; \
	done
	@cd tests/lint && $(NODE) npm update --package-lock-only
PIN := $(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-header --no-annotate --universal --python-version 3.11

$(CONFIG): | $(VENV)/.run
	@$(BIN)/snap-token init $(SANDBOX)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "make: Python 3.11 or newer is needed; name its command with PYTHON=..." >&2; exit 2; }
	@case $$PWD in *[\"\$$\`\\]*) \
	  echo "make: pip's commands do not run in a folder whose name has \", \$$, \` or \\; rename it" >&2; exit 2;; esac
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "make: python3-venv is missing; on Debian: apt-get install python3-venv" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing into $(VENV)/ ..."
	@$(LOCKED) requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@$(SOUND)
	@touch $@

$(VENV)/.test: tests/requirements.lock | $(VENV)/.run
	@$(LOCKED) tests/requirements.lock
	@$(SOUND)
	@touch $@

$(VENV)/.lowest: tests/lowest.lock | $(VENV)/.test
	@$(LOCKED) tests/lowest.lock
	@$(SOUND)
	@touch $@

$(VENV)/.docs: docs/requirements.lock | $(VENV)/.test
	@$(LOCKED) docs/requirements.lock
	@$(SOUND)
	@touch $@

$(VENV)/.mutants: tests/mutants.lock | $(VENV)/.test
	@$(LOCKED) tests/mutants.lock
	@$(SOUND)
	@touch $@

$(VENV)/.check: tests/lint/requirements.lock tests/lint/package-lock.json | $(VENV)/.test
	@$(LOCKED) tests/lint/requirements.lock
	@$(SOUND)
	@$(NODE) npm ci --prefix tests/lint
	@touch $@
