# Every target sets up what it needs by itself; a machine needs Python 3.11+, git and make.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
# Relative, so that a checkout's path may hold spaces.
BIN := .venv/bin
# The CDK CLI starts `python app.py`, and the CDK's Python binding starts `node`: both are the project's own.
export PATH := $(CURDIR)/$(BIN):$(CURDIR)/node_modules/.bin:$(PATH)
export CDK_DISABLE_CLI_TELEMETRY := true
export JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION := 1
# Trust whom the machine trusts, as npm does below: behind a company's proxy, their own authorities would refuse every
# download, npm's after trying again for minutes.
export UV_SYSTEM_CERTS ?= true
unexport VIRTUAL_ENV PYTHONPATH

# A file is one worker's, with the servers that its tests share; ARGS="-n0" runs one test after the other. One worker
# more than there are cores, since a good part of a test's time is waiting for servers.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(min(8, 1 + (os.cpu_count() or 2)))')
PARALLEL := -n $(WORKERS) --dist loadfile --no-loadscope-reorder

env ?= local
ENVIRONMENTS := $(basename $(notdir $(wildcard environments/*.toml)))
CODE := app.py stacks constructs lambda client ops localcloud examples benchmarks tests tools

VENV := .venv/.ready
EMULATOR := .venvs/localcloud/.ready
RUNTIME := .venvs/runtime/.ready
NODE := node_modules/.ready
BUNDLE := build/bundle.ready
CONTENDERS := .venvs/bench/.ready
SERVERS := build/servers/.ready

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# Downloads wait for each other's servers and not for this machine: all at once, as soon as the first environment has uv.
.PHONY: setup
setup: $(VENV) ## install everything into this folder
	@$(MAKE) --no-print-directory --jobs=4 installed

.PHONY: installed
installed: $(NODE) $(EMULATOR) $(RUNTIME) $(BUNDLE)
	@:

$(VENV): tools/bootstrap.txt requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "$(PYTHON) is $$($(PYTHON) --version): rotating-rds needs Python 3.11 or newer; name one with make PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement tools/bootstrap.txt
	$(BIN)/uv pip sync --quiet --python .venv --require-hashes requirements-dev.txt
	$(BIN)/uv pip install --quiet --python .venv --no-deps --no-build-isolation --editable .
	@touch $@

$(NODE): package-lock.json $(VENV)
	NODE_USE_SYSTEM_CA=$${NODE_USE_SYSTEM_CA-1} npm ci --silent --no-audit --no-fund
	@touch $@

$(EMULATOR): localcloud/requirements.txt $(VENV)
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(@D)
	$(BIN)/uv pip sync --quiet --python $(@D) --require-hashes localcloud/requirements.txt
	@touch $@

$(RUNTIME): localcloud/requirements-runtime.txt $(VENV)
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(@D)
	$(BIN)/uv pip sync --quiet --python $(@D) --require-hashes localcloud/requirements-runtime.txt
	@touch $@

$(BUNDLE): lambda/requirements.txt tools/build_bundle.py $(shell find lambda/rotating_rds_function -type f -not -name '*.pyc') $(VENV)
	$(BIN)/python tools/build_bundle.py
	@mkdir -p $(@D) && touch $@

# A machine where MySQL or MariaDB cannot be had is told so and can still run the demo; their tests fail there by name.
.PHONY: servers
servers: $(SERVERS) ## unpack MySQL and MariaDB from Debian's packages, for the tests and for templates that name them

$(SERVERS): localcloud/databases/debian/packages.json localcloud/databases/debian/wanted.py $(VENV)
	@if $(BIN)/python -m localcloud.databases.debian; then mkdir -p $(@D) && touch $@; fi

.PHONY: demo
demo: setup ## the whole life cycle on the local cloud, then tear-down (KEEP=1 leaves it running)
	$(BIN)/python -m examples.demo $(if $(KEEP),--keep)

.PHONY: test
test: setup $(SERVERS) ## every test, against real servers and the real CDK CLI (ARGS="..." goes to pytest)
	$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

.PHONY: bench
bench: setup $(SERVERS) $(CONTENDERS) ## measure rotations, the bundle and the client; REFERENCE=... compares with AWS's sample functions
	$(BIN)/python -m benchmarks

.PHONY: soak
soak: setup $(SERVERS) ## applications of every kind at work while their credentials rotate every 5 s (ARGS="--seconds 60")
	$(BIN)/python -m benchmarks.soak $(ARGS)

.PHONY: picture
picture: setup $(CONTENDERS) ## draw a rotation of the last soak into docs/rotation.svg
	$(dir $(CONTENDERS))bin/python -m benchmarks.soak.picture build/soak.json docs/rotation.svg

$(CONTENDERS): benchmarks/requirements.txt $(VENV)
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(@D)
	$(BIN)/uv pip sync --quiet --python $(@D) --require-hashes benchmarks/requirements.txt
	@touch $@

# Apart from test: it downloads as many environments as it runs, and takes as long as all other tests together.
.PHONY: client-matrix
client-matrix: setup $(SERVERS) ## the client's tests on every Python it claims, with the lowest and highest drivers (ARGS=3.14: on one)
	$(BIN)/python -m tools.client_matrix $(ARGS)

# Two at a time: each of them uses one core.
.PHONY: check
check: setup ## formatting, lint, types, imports, and the synthesis of every environment
	$(MAKE) --no-print-directory --jobs=2 check-types check-style $(ENVIRONMENTS:%=check-synth-%)

.PHONY: check-types
check-types:
	$(BIN)/mypy $(CODE)

.PHONY: check-style
check-style:
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/lint-imports

.PHONY: check-synth-%
check-synth-%:
	cdk synth --quiet --context env=$* --output build/cdk.out/$*

# Apart from check: its scanners are 260 MB, and take as long as all other checks together.
AUDIT := .venvs/audit/.ready
.PHONY: audit
audit: setup $(AUDIT) ## cfn-lint, checkov and the Control Tower rules, on every environment
	for name in $(ENVIRONMENTS); do \
	  cdk synth --quiet --context env=$$name --output build/cdk.out/$$name || exit 1; done
	$(BIN)/python -m tools.audit $(CURDIR)/.venvs/audit/bin $(ENVIRONMENTS:%=build/cdk.out/%)

$(AUDIT): tools/audit/requirements.txt $(VENV)
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(@D)
	$(BIN)/uv pip sync --quiet --python $(@D) --require-hashes tools/audit/requirements.txt
	@touch $@

.PHONY: format
format: setup ## rewrite the code in the house style
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

.PHONY: synth
synth: setup ## synthesise one environment: make synth env=staging
	cdk synth --quiet --context env=$(env)

.PHONY: deploy
deploy: setup ## deploy one environment: make deploy env=dev
	cdk deploy --context env=$(env) --all

.PHONY: destroy
destroy: setup ## destroy one environment: make destroy env=dev
	cdk destroy --context env=$(env) --all

.PHONY: local-up
local-up: setup ## start the local cloud and print the variables that point tools at it
	$(BIN)/python -m localcloud up

.PHONY: local-down
local-down: setup ## stop the local cloud and remove everything of it
	$(BIN)/python -m localcloud down

# The bundle leaves to Lambda's runtime what comes with boto3: a second copy would hide the first, and be compiled at every cold start.
PROVIDED := localcloud/requirements-runtime.txt
COMPILE := uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11

.PHONY: lock
lock: $(VENV) ## compile every requirements*.in again
	for name in requirements requirements-dev localcloud/requirements localcloud/requirements-runtime benchmarks/requirements tools/audit/requirements; do \
	  $(BIN)/$(COMPILE) $$name.in --output-file $$name.txt; done
	$(BIN)/$(COMPILE) lambda/requirements.in --output-file lambda/requirements.txt --constraint $(PROVIDED) \
	  $$(sed -n 's/^\([^= ]*\)==.*/--no-emit-package \1/p' $(PROVIDED))
	awk '/^uv==/ {p=1} p {print} p && !/\\$$/ {exit}' requirements-dev.txt > tools/bootstrap.txt

.PHONY: lock-servers
lock-servers: $(VENV) ## record the MySQL and MariaDB packages which Debian has now
	$(BIN)/python -m localcloud.databases.debian --refresh

.PHONY: wheel
wheel: setup ## build the two distributions into dist/
	$(BIN)/uv build --quiet --wheel --no-build-isolation --python $(BIN)/python --out-dir dist .
	$(BIN)/uv build --quiet --wheel --no-build-isolation --python $(BIN)/python --out-dir dist client

.PHONY: clean
clean: ## remove everything that make created
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m localcloud down || true; fi
	rm -rf .venv .venvs node_modules build dist cdk.out constructs/rotating_rds/_bundle .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
