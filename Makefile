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
EDITIONS := $(foreach name,snap-token internal,.editions/$(name).3.1.yaml .editions/$(name).bundled.json)
EXAMPLES ?= 500
NODE    := PATH="$(CURDIR)/$(BIN):$$PATH" REDOCLY_SUPPRESS_UPDATE_NOTICE=true

# Each process of the tests would compile the source again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install run request test integrators lowest pythons story check editions contract release-contract docs reference fuzz bench
.PHONY: soak mutants release-check screenshot ci lock swagger-ui fuzz-nightly

help: ## Print this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/.run $(VENV)/.test ## Create .venv/ with the packages for the server and the tests

run: $(VENV)/.run $(CONFIG) ## Serve a sandbox on 127.0.0.1:8080 and print a signed curl command
	@$(BIN)/snap-token serve --config $(CONFIG)

request: $(VENV)/.run $(CONFIG) ## Sign a token request as NICEPAY does, and send it to that sandbox
	@$(BIN)/snap-token request --config $(CONFIG)

test: $(VENV)/.run $(VENV)/.test ## Run all tests; those that need a missing program are skipped with the reason
	@$(BIN)/python -m pytest $(COVERING) --numprocesses auto --dist worksteal --cov --cov-report=term
	@$(BIN)/python -m pytest tests/fuzz tests/soak tests/e2e --ignore=tests/e2e/integrators $(ALSO:%=--ignore=%) \
	  --numprocesses 3 --dist loadfile --no-loadscope-reorder
# The tests of one file in tests/e2e share the servers that they start, so one worker runs the whole file. They often
# wait for processes, so three workers keep two cores busy. tests/e2e/conftest.py has the order of the files.
# The tests of COVERING run all of handlers/ in their own process. To measure the others too would only take time.
ALSO     := tests/fuzz/test_wire.py tests/e2e/test_self_check.py
COVERING := tests/unit tests/api tests/contract tests/judge $(ALSO)

integrators: $(VENV)/.run $(VENV)/.test $(VENV)/.integrators ## Try the documents and collections with the programs that integrators use
	@$(BIN)/python -m pytest tests/e2e/integrators --numprocesses auto --dist loadfile

lowest: ## Run the tests of units that use packages, and the API tests, with the lowest versions that are allowed
	@$(MAKE) --no-print-directory PYTHON=$(LOWEST) VENV=.venv-lowest .venv-lowest/.lowest
	@.venv-lowest/bin/python -m pytest $(CORE) $(PURE:%=--ignore=tests/%) $(OLDER)

pythons: ## Run the unit and API tests with each other supported Python that is installed
	@for python in $(PYTHONS); do \
	  $$python -c "" 2>/dev/null || { echo "$$python is not installed"; continue; }; \
	  $(MAKE) --no-print-directory PYTHON=$$python VENV=.venv-$$python install && \
	  .venv-$$python/bin/python -m pytest $(CORE) || exit; \
	done
# Old packages warn, and with Python 3.11.2 the garbage collector finds sockets that asyncio has not closed yet.
OLDER   := -W ignore::DeprecationWarning -W ignore::pytest.PytestUnraisableExceptionWarning
# The tests of PURE use no package that other tests do not use.
PURE    := $(addprefix unit/,doctor audit cli/captured cli/pack state/sqlite server/openapi/test_edition_3_1.py) \
  $(addprefix unit/test_,alerts.py house.py pages_in_step.py request_limits.py sizing_page.py troubleshooting_page.py) \
  $(addprefix api/test_,doctor_in_step.py secrets_in_the_wrong_place.py)
# Debian 12 has Python 3.11.2, whose module `re` has bugs that later releases do not have.
LOWEST  := $(firstword $(wildcard /usr/bin/python3.11) $(PYTHON))
CORE    := tests/unit tests/api --numprocesses auto --dist worksteal --quiet --no-header
PYTHONS := python3.12 python3.13 python3.14

story: $(VENV)/.run $(VENV)/.test ## Run calls of every form against real processes, and print requests and answers
	@$(BIN)/python -m pytest --quiet --capture=no tests/e2e/test_story.py tests/e2e/test_story_of_forms.py

check: $(VENV)/.run $(VENV)/.test $(VENV)/.check docs editions ## Lint code, documents and workflow, check types, build the website
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest --quiet tests/unit/test_house.py tests/unit/test_pages_in_step.py \
	  tests/unit/server/sandbox/test_pages.py
	@$(BIN)/openapi-spec-validator $(SPECS) $(EDITIONS)
	@$(NODE) node tests/lint/node_modules/.bin/spectral lint --fail-severity warn --fail-on-unmatched-globs \
	  --ruleset tests/lint/spectral.yaml $(SPECS)
	@$(NODE) node tests/lint/node_modules/.bin/redocly lint --config tests/lint/redocly.yaml --lint-config error \
	  $(SPECS) $(EDITIONS)
	@$(MAKE) --no-print-directory contract
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows docs/fuzz/github-actions.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.gitlab-ci docs/fuzz/gitlab-ci.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec docs/deploy/container/compose.yaml
	@$(BIN)/hadolint docs/deploy/container/Dockerfile
	@for version in 1.29 1.37; do \
	  $(BIN)/kubernetes-validate --quiet --strict --kubernetes-version $$version.0 $(KUBERNETES) || exit; \
	done
	@$(BIN)/zizmor --offline --quiet --no-progress .github/workflows docs/fuzz/github-actions.yml
	@$(BIN)/pre-commit validate-config

KUBERNETES := $(addprefix docs/deploy/kubernetes/,deployment.yaml network-policy.yaml pod-disruption-budget.yaml services.yaml)

editions: $(VENV)/.run $(VENV)/.test ## Write both documents into .editions/ as OpenAPI 3.1, and as JSON without $ref
	@$(BIN)/python -m tests.editions .editions

contract: $(VENV)/.run $(VENV)/.test ## Fail if a change of the documents since the last release is not announced (ALL=1 lists all)
	@$(BIN)/python -m tests.contract $(if $(ALL),--all)

release-contract: contract ## Keep the documents in openapi/released/ as those of the release that is made now
	@cp $(SPECS) openapi/released/
	@printf '%s\n' '# No corrections since the last release.' > openapi/released/corrections.yaml

release-check: $(VENV)/.release ## Check that a release can be made, build it twice, and write its files into dist/
	@$(BIN)/python -m tests.release

docs: $(VENV)/.docs ## Build the website of the documentation into .site/; a broken link is an error
	@rm -rf .site
	@$(WEBSITE) -D language=en docs/en .site
	@$(WEBSITE) -D language=id docs/id .site/id
WEBSITE := $(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --doctree-dir .reports/doctrees --fresh-env -c docs

reference: $(VENV)/.run $(VENV)/.test ## Write the help of the commands, the verdicts, the sizing, the collections and the dashboard into docs/
	@$(BIN)/python -m tests.reference

bench: $(VENV)/.run $(VENV)/.test ## Measure throughput in comparison with others, and the time of each form of call and kind of refusal
	@$(BIN)/python -m tests.bench.request_path
	@$(BIN)/python -m tests.bench.call_path
	@$(BIN)/python -m tests.bench.audit_path
	@$(BIN)/python -m tests.bench.sizes
	@$(BIN)/python -m tests.bench.throughput
	@$(BIN)/python -m tests.bench.workers
	@$(BIN)/python -m tests.bench.refusals

ci: SOAK_MINUTES := 2
ci: check $(VENV)/.release fuzz test soak integrators lowest pythons ## Run everything that CI runs

fuzz: $(VENV)/.run $(VENV)/.test ## Fuzz real servers with both OpenAPI documents; options: EXAMPLES=500 SEED=...
	@$(BIN)/python -m tests.fuzz.run --examples $(EXAMPLES) $(if $(SEED),--seed $(SEED))

fuzz-nightly: $(VENV)/.run $(VENV)/.test ## Fuzz real servers with chains of requests for some minutes: MINUTES=60
	@$(BIN)/python -m tests.fuzz.nightly --minutes "$(MINUTES)"
MINUTES ?= 60

soak: $(VENV)/.run $(VENV)/.test ## Run traffic and faults against two instances behind nginx, on all engines in turn: MINUTES=10 ENGINE=all
	@$(BIN)/python -m tests.soak --minutes "$(SOAK_MINUTES)" --engine "$(ENGINE)"
SOAK_MINUTES = $(if $(filter file,$(origin MINUTES)),10,$(MINUTES))
ENGINE ?= all

screenshot: $(VENV)/.test ## Take a new screenshot of the sandbox's page for the documentation; needs Chromium
	@SCREENSHOT=1 $(BIN)/python -m pytest --quiet tests/e2e/test_sandbox_page.py -k picture

mutants: $(VENV)/.mutants ## Change the contract rules and request limits in small ways, and list the changes that no test finds
	@$(BIN)/mutmut run
	@$(BIN)/mutmut results

lock: $(VENV)/.check ## Pin the newest allowed release of every package, with hashes
	@$(PIN) pyproject.toml --output-file requirements.lock
	@$(PIN) --group build --constraint requirements.lock --output-file build.lock
	@$(PIN) pyproject.toml --all-extras --group build --group test --constraint requirements.lock \
	  --constraint build.lock --output-file tests/requirements.lock
	@$(PIN) pyproject.toml --all-extras --resolution lowest-direct --output-file tests/lowest.lock
	@$(PIN) --group check --constraint tests/requirements.lock --output-file tests/lint/requirements.lock
	@$(PIN) --group docs --fork-strategy fewest --constraint tests/requirements.lock --output-file docs/requirements.lock
	@$(PIN) --group mutants --constraint tests/requirements.lock --output-file tests/mutants.lock
	@$(PIN) --group release --constraint tests/requirements.lock --constraint tests/lint/requirements.lock \
	  --constraint docs/requirements.lock --constraint tests/mutants.lock --output-file tests/release.lock
	@for name in python-nicepay generators bench-web bench-snapapi bench-doku; do \
	  $(PIN) --group $$name --output-file tests/locks/$$name.lock || exit; \
	done
	@$(PIN) --group viewers --no-deps --output-file tests/locks/viewers.lock
	@for folder in tests/lint tests/e2e/integrators; do \
	  $(NODE) npm update --package-lock-only --prefix $$folder || exit; \
	done
PIN := $(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-header --no-annotate --universal --python-version 3.11

# The lock has the hash of the package. Raise its version in tests/lint/package.json, then `make lock swagger-ui`.
swagger-ui: $(VENV)/.check ## Copy the files of Swagger UI, of the version in the lock file, to where the server reads them
	@for file in $(SWAGGER_UI)/*; do cp tests/lint/node_modules/swagger-ui-dist/$${file##*/} $$file || exit; done
SWAGGER_UI := handlers/server/sandbox/static/swagger-ui

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

$(VENV)/.run: requirements.lock build.lock pyproject.toml | $(BIN)/python
	@echo "Installing into $(VENV)/ ..."
	@$(LOCKED) requirements.lock
	@$(LOCKED) build.lock
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

# These packages have an environment of their own: cyclonedx-bom brings one that jsonschema then imports, and with it
# each start of the server takes twice as long.
$(VENV)/.release: tests/release.lock | $(VENV)/.test
	@$(PYTHON) -m venv --clear $(VENV)/release
	@$(RELEASE) install --no-deps --require-hashes --requirement tests/release.lock
	@$(RELEASE) check
	@touch $@
RELEASE := $(VENV)/release/bin/python -m pip --disable-pip-version-check --quiet

$(VENV)/.check: tests/lint/requirements.lock tests/lint/package-lock.json | $(VENV)/.test
	@$(LOCKED) tests/lint/requirements.lock
	@$(SOUND)
	@$(NODE) npm ci --prefix tests/lint
	@touch $@

$(VENV)/.integrators: tests/e2e/integrators/package-lock.json | $(VENV)/.check
	@$(NODE) npm ci --ignore-scripts --prefix tests/e2e/integrators
	@touch $@
