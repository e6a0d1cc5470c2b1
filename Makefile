# Communiqué: `make run` publishes the first package, `make test` runs the tests.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
DATASET ?= official-releases

.DEFAULT_GOAL := help
.PHONY: help run test browser fuzz check format lock bench torture clean

help: ## say what each target does
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

run: .venv/.runtime ## publish official-releases from the seed release
	@$(BIN)/communique run $(DATASET)

# The tests start hundreds of processes: compiled once, and the longest files first (tests/conftest.py); three at once, for
# those that wait for a schedule leave a processor free.
test: .venv/.dev browser ## run every test
	@$(BIN)/python -m compileall -q flows schemas tests
	@$(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

browser: flows/site/browser/node_modules tests/html/node_modules ## install what filters tables in the browser and what judges HTML, where there is npm

%/node_modules: %/package-lock.json
	@if npm ci --prefix $(@D) --ignore-scripts --no-audit --no-fund --silent; then touch $@; \
	else echo "npm is not here, or has fetched nothing for $(@D): see CONTRIBUTING.md for what is left out."; fi

fuzz: .venv/.dev ## judge 20,000 random tables by the engine and by frictionless
	@$(BIN)/python -m tests.fuzz

check: .venv/.dev ## format, lint, types, import contracts, generated files
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/communique schema --check

format: .venv/.dev ## format the code, mend what lint can mend, write the generated files
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .
	@$(BIN)/communique schema

lock: .venv/.dev ## resolve the dependencies anew
	$(COMPILE) $(LOCKFLAGS) --extra build pyproject.toml --output-file requirements.lock
	$(COMPILE) $(LOCKFLAGS) --extra build --extra dev pyproject.toml --constraint requirements.lock --output-file requirements-dev.lock

bench: .venv/.dev ## measure start-up, the table engine and the catalog, side by side; with CORPUS=path or PACKAGE=path, your own
ifdef CORPUS
	@$(BIN)/python -m tests.bench.corpus $(CORPUS)
else ifdef PACKAGE
	@$(BIN)/python -m tests.bench.engine $(PACKAGE)
else
	@$(BIN)/python -m tests.bench.startup
	@$(BIN)/python -m tests.bench.engine
	@$(BIN)/python -m tests.bench.site
endif

torture: .venv/.dev ## inject a fault at every call of a publish, then kill 50 scheduled runs; interrupted, it goes on
	@$(BIN)/python -m tests.torture.faults
	@$(BIN)/python -m tests.torture.kills

clean: ## remove .venv and the caches of the tools; all of data/ stays, with the runs that wait for a decision
	rm -rf .venv .torture .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# The environment is made anew only when a lock changes; every file is checked against its hash.
.venv/.runtime: requirements.lock pyproject.toml
	@echo "Setting up .venv from requirements.lock (once, about a minute) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "  downloading and installing its packages, each held against its hash ..."
	@$(PIP) install --no-deps --require-hashes -r requirements.lock
	@echo "  installing communique ..."
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.runtime
	@echo "Adding the development tools from requirements-dev.lock ..."
	@$(PIP) install --no-deps --require-hashes -r requirements-dev.lock
	@touch $@
