# The only door: people and CI use the same targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

STACK ?= dev
FORMAT ?= text
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
PACKAGES := __main__.py config sizing userdata components operations benchmarks

# A secret or an Output that ends up in a plain string is an error, not a warning.
export PULUMI_ERROR_OUTPUT_STRING := 1

.PHONY: help setup plan graph report rows check fmt test test-real test-boot tools bench golden docs lock clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'

setup: $(READY) ## make the virtual environment (every target does it by itself)

$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "groundswell needs Python 3.11 or newer; name it with PYTHON=...")'
	@echo "setting up $(VENV): about a minute, once"
	@$(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

plan: $(READY) ## what `pulumi up` would create, with sizes and prices, offline (STACK=dev)
	@$(PY) -m operations plan --stack $(STACK)

graph: $(READY) ## the graph of resources (STACK=dev FORMAT=text|json)
	@$(PY) -m operations graph --stack $(STACK) --format $(FORMAT)

report: $(READY) ## the plan as one page with cost, machines, failures and reasons (STACK=dev)
	@$(PY) -m sizing report --stack $(STACK)

rows: $(READY) ## which requirement rows are proved
	@$(PY) -m operations rows

check: $(READY) ## lint, format, types, shell
	@$(PY) -m ruff check --quiet .
	@$(PY) -m ruff format --quiet --check .
	@$(VENV)/bin/basedpyright $(PACKAGES)
	@git ls-files -z '*.sh' .ci/run | xargs -0 $(VENV)/bin/shellcheck

fmt: $(READY) ## format and mend what ruff can mend
	@$(PY) -m ruff check --quiet --fix . || true
	@$(PY) -m ruff format --quiet .

test: check ## all checks and tests that need nothing but Python
	@$(PY) -m pytest -n 2 -p rows_plugin

tools: ## build the Pulumi CLI, its Python host and the other real parts (minutes, once)
	@tools/build.sh

test-real: $(READY) tools ## tests on the real engine with provider doubles
	@$(PY) -m pytest tests/real -n 2 --dist loadfile -p rows_plugin --rows-tier real

test-boot: $(READY) ## boot virtual machines from the real user data (needs root and QEMU; ARGS= for pytest)
	@tests/boot/run.sh $(ARGS)

bench: $(READY) ## measure packing against Karpenter and a plain MIP (needs Go; QUICK=1: a minute)
	@tools/build.sh karpenter
	@$(PY) -m benchmarks $(if $(QUICK),--quick)

golden: $(READY) ## rewrite the golden files
	@$(PY) -m userdata golden

docs: $(READY) ## rewrite the generated documents
	@$(PY) -m config reference > docs/configuration.md
	@$(PY) -m operations rows --format markdown > docs/requirements.md

lock: $(READY) ## resolve requirements.txt into requirements.lock (needs uv)
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --no-annotate requirements.txt -o requirements.lock

clean: ## remove what the targets made here
	@rm -rf $(VENV) build .pytest_cache .ruff_cache .hypothesis
