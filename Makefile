# The front door. `make help` lists everything.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SOURCES := core storage search signing ingest workflow retention api portal vermilion
# Where it is set, every process of a run compiles the whole product anew: seconds each time.
unexport PYTHONDONTWRITEBYTECODE
NPM = $(shell command -v npm 2>/dev/null || echo $(BIN)/npm)

.PHONY: help install run test lint format bench fuzz clean test-tools lock migration

help: ## List these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(VENV)/.installed portal/static/vendor/manifest.json ## Install the product into .venv (leaves .venv/bin/vermilion)

run: install ## Start the product with a demo organisation; prints address and sign-ins
	@$(BIN)/vermilion demo

test: test-tools ## Install what tests need, real services included, and run everything
	$(BIN)/python -m pytest -n $${PYTEST_WORKERS:-2} --dist loadgroup --no-loadscope-reorder $(ARGS)

lint: $(VENV)/.test-installed ## ruff, mypy --strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.test-installed ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install $(VENV)/.test-installed ## Measure against named rivals; prints ratios
	$(BIN)/python -m bench.approval $(ARGS)
	$(BIN)/python -m bench.signing $(ARGS)
	$(BIN)/python -m bench.verifying $(ARGS)
	$(BIN)/python -m bench.ocsp $(ARGS)
	$(BIN)/python -m bench.search $(ARGS)
	$(BIN)/python -m bench.search_elastic $(ARGS)
	$(BIN)/python -m bench.ingest $(ARGS)

fuzz: test-tools ## Throw mutated files at the parsers and the verifier for a long time
	HYPOTHESIS_PROFILE=fuzz FUZZ_INPUTS=$${FUZZ_INPUTS:-10000} $(BIN)/python -m pytest -n 2 --timeout 0 -k "mutated or malformed or fuzz or hostile" tests/ingest tests/signing tests/search

clean: ## Remove everything that was installed or built (the home folder var/ stays)
	rm -rf $(VENV) node_modules portal/static/vendor .mypy_cache .ruff_cache .pytest_cache .hypothesis .cache *.egg-info

lock: ## Write the lock files anew from requirements.in and requirements-dev.in
	$(PYTHON) -m venv .cache/uv && .cache/uv/bin/pip -q install uv
	.cache/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header -o requirements.lock requirements.in
	.cache/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header -c requirements.lock -o requirements-dev.lock requirements.in requirements-dev.in

migration: install ## Write a migration for what changed in the models: make migration NAME=words_with_underscores
	$(BIN)/python -m vermilion.migrations.autogenerate "$(NAME)"

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test-installed: requirements-dev.lock | $(VENV)/.installed
	$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

portal/static/vendor/manifest.json: package-lock.json | $(VENV)/.installed
	@command -v npm >/dev/null 2>&1 || { \
		echo "npm is not on this machine: getting it as a wheel"; \
		$(PIP) install --require-hashes -r requirements-node.lock; }
	PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	$(BIN)/python -m portal.assets build

test-tools: install $(VENV)/.test-installed
	@$(BIN)/python -m tests.tools
