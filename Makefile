# The newcomer's commands. `make help` lists them.
PYTHON ?= python3
KEEP ?= 1
TESTS ?= tests
PARTS ?=
# A machine that runs many jobs can keep one environment for all of them outside the checkout.
export VENV ?= $(CURDIR)/.venv
# Without bytecode every start compiles half of scikit-learn anew.
unexport PYTHONDONTWRITEBYTECODE
export PATH := $(VENV)/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup path demo down test bench lint lock soak

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## make .venv from the hashed locks (every other target does this first)
	@$(PYTHON) requirements/install.py

path: # let the later steps of a job call what .venv holds
	@echo "$(VENV)/bin" >> "$$GITHUB_PATH"

demo: setup ## retrain, release, improve, refuse, roll back, look: in a scratch clone (KEEP=0 stops all at the end)
	@python -m delivery.demo --keep $(KEEP)

down: ## stop what the demo left running
	@if [ -d .demo ]; then python -m delivery.demo --down; fi

test: setup ## run the tests
	@pytest -n 2 --dist loadfile --no-loadscope-reorder $(TESTS)

soak: setup ## 10 minutes of good and bad requests: does the memory of a service stay flat?
	@python -m tests.soak

bench: setup ## measure the service beside others, and how often gates err (after dvc repro; BENCH=quick)
	@python -m bench $(PARTS)

lint: setup ## ruff and mypy
	@ruff check .
	@ruff format --check .
	@mypy

lock: setup ## renew requirements/*.lock from pyproject.toml
	@python requirements/lock.py
