.DEFAULT_GOAL := help
SHELL := /bin/bash

# Everything that is started lives below this folder. Set EARSHOT_HOME to have it elsewhere.
export EARSHOT_HOME ?= $(CURDIR)/.earshot

BIN := .venv/bin
STAY ?=
# How many processes run the tests, each with a Kafka and a ClickHouse of its own. 0: none but pytest.
JOBS ?= auto

.PHONY: help
help: ## Show this help.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Set everything up and watch a simulated hour become scores. STAY=1 keeps it running.
	@deploy/setup.sh local
	@$(BIN)/earshot demo $(if $(STAY),--stay)

.PHONY: test
test: ## Set everything up, then lint, type-check and run all tests on real parts.
	@deploy/setup.sh dev
	@deploy/debian.sh clickhouse-client=clickhouse-client
	@$(MAKE) --no-print-directory lint
	@$(BIN)/pytest --numprocesses $(JOBS) --maxprocesses 4 --dist worksteal $(ARGS)

.PHONY: faults
faults: ## Break everything there is, hundreds of times: the whole fault suite.
	@deploy/setup.sh dev
	@EARSHOT_FULL=1 $(BIN)/pytest tests/faults tests/worker/test_faults.py tests/replaying $(ARGS)

.PHONY: soak
soak: ## Kill workers, ClickHouse and Kafka 500 times in 5 million events. ARGS="--events N --kills K".
	@deploy/setup.sh dev
	@$(BIN)/python -m tests.faults.soak $(ARGS)

.PHONY: lint
lint: ## Check style, types and the direction of imports.
	@deploy/setup.sh dev
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --check --quiet . && echo "ruff: clean"
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache >.import-linter.log 2>&1 || { cat .import-linter.log; exit 1; }
	@echo "import-linter: every arrow points one way"

.PHONY: format
format: ## Format the code.
	@deploy/setup.sh dev
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

.PHONY: docs
docs: ## Write the generated parts of docs/ again.
	@deploy/setup.sh dev
	@$(BIN)/python -m streams.reference

.PHONY: lock
lock: ## Resolve the dependencies anew and write the lock files.
	@deploy/setup.sh dev
	@deploy/lock.sh

.PHONY: clean
clean: ## Remove what was built and cached here, and the demo's data.
	@rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .import-linter.log
	@rm -rf $(CURDIR)/.earshot/demo
	@find . -path ./.venv -prune -o -name __pycache__ -type d -exec rm -rf {} +
