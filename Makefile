# Two commands for a newcomer: `make demo` and `make test`. Both set up whatever is missing first.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-snippets check check-types check-rest up down bench chaos soak lock
earshot := .venv/bin/earshot
python := .venv/bin/python

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-28s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install and fetch what is missing (Debian 12, root or sudo)
	@infra/setup/setup.sh

demo: setup ## A real meeting end to end, and the proof of what was heard
	@$(earshot) demo

# Most tests wait for a process to start or to die: three files at a time, each runner with services of its own, the slow
# ones first. Meetings are timed by the sound card, so those tests have the machine to themselves.
test: check ## Everything: checks, unit, integration and browser tests on real services
	@$(python) -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not browser"
	@$(python) -m pytest -m browser

test-snippets: setup ## The webhook receiver in Go, with a Go of its own (75 MB, once)
	@go=$$(infra/setup/tool.sh go)/go/bin && chmod +x "$$go/go" && PATH="$$go:$$PATH" $(python) -m pytest docs/receivers

check: setup ## Style, types, import rules, spelling, schemas
	@$(MAKE) -s -j2 -O check-types check-rest

check-types:
	@.venv/bin/mypy

check-rest:
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/lint-imports
	@.venv/bin/codespell
	@$(python) -m pytest -q tests/contracts -m "not integration and not browser"

up: setup ## Start the local services
	@$(earshot) up

down: setup ## Stop the local services
	@$(earshot) down

bench: setup ## Benchmarks, all or NAME=…, to var/bench
	@$(python) -m infra.benchmarks $(NAME)

chaos: setup ## Kill things under load and check the guarantees: SCENARIO=… [SEED=n] [MINUTES=m], to var/chaos
	@$(python) -m infra.chaos $(SCENARIO) $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES))

soak: setup ## Half an hour of speech: memory stays flat, a killed worker is replaced in time. [MINUTES=m], to var/chaos
	@$(python) -m infra.chaos soak --minutes $(or $(MINUTES),30)

lock: setup ## Resolve all Python and Node packages anew into the lock files
	@infra/setup/lock.sh
