# Every target works as the first command on a bare checkout; make help lists them.
# ARGS is handed on: make test ARGS="-k discover -x", make run ARGS="--config ~/mk/config.yaml".

BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest -n logical --dist loadgroup
ORDINARY := not slow
# qBittorrent 5.1 takes minutes to unpack the first time: the ordinary run leaves it out, CI and test-all do not.
ifneq ($(CI),true)
ORDINARY += and not qbittorrent51
endif

.DEFAULT_GOAL := help
.PHONY: help setup system demo run test test-all nightly coverage bench pictures lint format lock schema

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

setup: .venv/complete ## make .venv with everything pinned (the other targets call it)

.venv/complete: pyproject.toml requirements.lock requirements-dev.lock tools/setup
	@tools/setup

system: ## as root on Debian: install the system programs that tests and bench use; else name them
	@tools/system-packages

demo: setup ## the real program on generated audiobooks: no account, no root, all in ./demo
	@$(BIN)/python -m tests.demo $(ARGS)

run: setup ## run the service with ./config.yaml and ./.env
	@$(BIN)/mousekeeper run $(ARGS)

test: setup ## the ordinary tests, on every core
	@tools/system-packages --go-on
	@$(PYTEST) -m "$(ORDINARY)" $(ARGS)

test-all: setup ## the ordinary tests and the real qBittorrent 5.1 (root; three minutes more the first time)
	@tools/system-packages --go-on
	@$(BIN)/python -m tests.tools.debootstrap_qbittorrent || true  # it says why not; so do the tests
	@$(PYTEST) -m "not slow" $(ARGS)

coverage: setup ## the ordinary tests, measuring core: fails under 90 %
	@tools/system-packages --go-on
	@$(PYTEST) -m "$(ORDINARY)" --cov=core --cov-report=term:skip-covered --cov-fail-under=90 $(ARGS)

nightly: lint ## everything there is: lint, every test with the long ones and coverage, bench
	@tools/system-packages --go-on
	@$(PYTEST) --cov=core --cov-report=term:skip-covered --cov-fail-under=90 $(ARGS)
	@$(BIN)/python -m tests.bench

bench: setup ## measure, print a table and store bench-results.json (--quick, --only NAME)
	@tools/system-packages --go-on
	@$(BIN)/python -m tests.bench $(ARGS)

pictures: setup ## draw docs/card.png and docs/status.png from what the real program posts (Chromium)
	@command -v chromium >/dev/null || tools/system-packages chromium fonts-noto-color-emoji
	@$(BIN)/python -m tests.pictures $(ARGS)

lint: setup ## ruff, mypy, import rules, and whether generated files are current
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/mypy tools/*.py
	@$(BIN)/lint-imports --no-cache --no-logo
	@$(BIN)/python tools/write_schema.py --check
	@$(BIN)/python tools/lock.py --check

format: setup ## put the code into the project's form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: setup ## resolve the pinned versions anew from pyproject.toml (ARGS=--upgrade: the newest that fit)
	@$(BIN)/python tools/lock.py $(ARGS)

schema: setup ## write config.schema.json from the settings
	@$(BIN)/python tools/write_schema.py
