# The one list of commands. Needs Python 3.11 or later, make, and a package index; nothing else.
# uv is used where it is installed, because it is faster; pip does the same.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(shell command -v uv 2>/dev/null)
STAMP  := $(VENV)/.installed

SEED    ?= 7
SECONDS ?= 75

.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint types imports format unit e2e hostile fuzz conformance clients \
        faults campaign bench pictures lock lockclients clean

help: ## show this list
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP) ## create .venv with everything, at the versions in constraints.txt

$(STAMP): constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed; $(PYTHON) is $$($(PYTHON) -V). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "setting up $(VENV) (once; about a minute) …"
ifdef UV
	@test -x $(BIN)/python || uv venv --quiet --python $(PYTHON) $(VENV)
	@uv pip install --quiet --python $(BIN)/python --require-hashes -r constraints.txt
	@uv pip install --quiet --python $(BIN)/python --no-deps -e .
else
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r constraints.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
endif
	@touch $@

demo: $(STAMP) ## the whole system on this machine, in one page
	@$(BIN)/hitl demo

test: check unit e2e ## everything that must be true before a change is taken

check: lint types imports ## style, types, boundaries

lint: $(STAMP)
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .

types: $(STAMP)
	@$(BIN)/basedpyright --level error

imports: $(STAMP)
	@$(BIN)/lint-imports --no-cache

format: $(STAMP) ## put the code in its form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

unit: $(STAMP) ## tests without processes of their own
	@$(BIN)/python -m pytest -q -n 2 -m "not e2e and not faults and not clients"

e2e: $(STAMP) ## tests with real processes
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal -m e2e

hostile: $(STAMP) ## the list of bad requests, and made-up ones: docs/hostile.md
	@$(BIN)/python -m pytest -q -n 2 tests/hostile
	@PYTHONPATH=.:tests $(BIN)/python -m hostile

fuzz: $(VENV)/.fuzz ## make up bad requests by coverage for SECONDS=75: docs/hostile.md
	@for target in requests arguments schemas routes; do \
	  PYTHONPATH=.:tests $(BIN)/python -m hostile.fuzz $$target $$(($(SECONDS) / 4)) var/fuzz || exit 1; \
	done

$(VENV)/.fuzz: constraints/fuzz.txt $(STAMP)
ifdef UV
	@uv pip install --quiet --python $(BIN)/python --require-hashes -r constraints/fuzz.txt
else
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints/fuzz.txt
endif
	@touch $@

conformance: $(STAMP) ## MCP's official suite against the gateway: docs/conformance.md
	@PYTHONPATH=.:tests $(BIN)/python -m conformance

clients: $(STAMP) ## clients that others wrote, each in its own environment: docs/clients.md
	@PYTHONPATH=.:tests $(BIN)/python -m clients.environments
	@$(BIN)/python -m pytest -q -n 3 -m clients

faults: $(STAMP) ## processes die at every place; the checker finds every mutant; a random campaign
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal -m faults
	@$(MAKE) --no-print-directory campaign

campaign: $(STAMP) ## random faults for SECONDS=75 by SEED=7: docs/faults.md
	@PYTHONPATH=.:tests $(BIN)/python -m faults --seed $(SEED) --seconds $(SECONDS)

bench: $(STAMP) ## pick-up; looking for earlier answers; what one agent's flood costs another
	@$(BIN)/python -m bench.pickup
	@$(BIN)/python -m bench.precedents
	@PYTHONPATH=.:tests $(BIN)/python -m bench.fairness
	@PYTHONPATH=.:tests $(BIN)/python -m bench.fairness --strict

pictures: $(STAMP) ## take the pictures of the documentation anew (needs Chromium)
	@PYTHONPATH=.:tests $(BIN)/python -m pictures

lock: ## make the files of pinned versions anew
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --all-extras --group dev \
	  --generate-hashes --no-annotate --no-header pyproject.toml -o constraints.txt
	for part in gateway worker agent; do \
	  uv pip compile --quiet --universal --python-version 3.11 --extra $$part -c constraints.txt \
	    --generate-hashes --no-annotate --no-header pyproject.toml -o constraints/$$part.txt; \
	done
	uv pip compile --quiet --universal --python-version 3.11 -c constraints.txt --generate-hashes \
	  --no-annotate --no-header tests/discord_double/pyproject.toml -o constraints/discord-double.txt
	uv pip compile --quiet --universal --python-version 3.11 --group fuzz --generate-hashes \
	  --no-annotate --no-header -o constraints/fuzz.txt

lockclients: ## the same for the clients of tests/clients whose packages are Python's
	for client in $(patsubst %/requirements.in,%,$(wildcard tests/clients/*/requirements.in)); do \
	  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	    --no-header $$client/requirements.in -o $$client/requirements.txt; \
	done

clean: ## remove what was made here
	rm -rf $(VENV) var tests/conformance/node_modules tests/clients/*/.venv \
	  tests/clients/*/node_modules tests/clients/*/.making .pytest_cache .ruff_cache .import_linter_cache
