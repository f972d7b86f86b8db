# The newcomer's commands. `make help` lists them.
PYTHON ?= python3
KEEP ?= 1
TESTS ?= tests
PARTS ?=
SECONDS ?= 120
SEED ?=
MUTANTS ?=
PYTEST = pytest --dist loadfile --no-loadscope-reorder
# What decides, by its tests.
DECIDES = $(addprefix tests/delivery/,gates judgement deployment/strategies events trust)
# A machine with many checkouts can keep the packages of all of them in one folder, VENV; what each
# checkout's .venv holds then is its own command and links.
export VENV ?= $(CURDIR)/.venv
# Without bytecode every start compiles half of scikit-learn anew.
unexport PYTHONDONTWRITEBYTECODE
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup path demo down check test e2e test-images test-model mutants coverage bench year format lint lock soak chaos rollouts \
	cluster cluster-down test-cluster

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## make .venv from the hashed locks (every other target does this first)
	@$(PYTHON) requirements/install.py

path: # let the later steps of a job call what .venv holds
	@echo "$(CURDIR)/.venv/bin" >> "$$GITHUB_PATH"

demo: setup ## retrain, release, improve, refuse, roll back, look: in a scratch clone (KEEP=0 stops all at the end)
	@python -m delivery.demo --keep $(KEEP)

down: ## stop what the demo left running
	@if [ -d .demo ]; then python -m delivery.demo --down; fi

check: setup ## before each commit, under a minute: format, lint, types, the tests of what changed
	@ruff format --check .
	@ruff check .
	@mypy
	@lint-imports
	@python -m tests.check

test-model: setup ## the tests of your own model, in seconds
	@python -m tests.check model

test: setup ## run the tests (THOROUGH=1: thousands of made-up requests, other ones each time)
	@$(PYTEST) -n 4 -m "not e2e and not images" $(TESTS) # half of the time it waits

e2e: setup ## run whole loops: on a laptop, in the workflows, in forks, with canaries under load
	@$(PYTEST) -n 3 -m e2e $(TESTS)

test-images: setup ## images of releases and the target docker, in a container engine (skipped where there is none)
	@pytest -m images tests/images

mutants: setup ## change what decides bit by bit: do tests notice? (MUTANTS='delivery.gates.numbers.*')
	@VIRTUAL_ENV=$(CURDIR)/.venv uv run --quiet --no-project --active \
		--with-requirements requirements/mutants.lock mutmut run --max-children 2 $(MUTANTS)

coverage: setup ## which branches of what decides no test takes: at most 5%
	@VIRTUAL_ENV=$(CURDIR)/.venv uv run --quiet --no-project --active \
		--with-requirements requirements/mutants.lock coverage run -m pytest $(DECIDES)
	@VIRTUAL_ENV=$(CURDIR)/.venv uv run --quiet --no-project --active \
		--with-requirements requirements/mutants.lock coverage report

soak: setup ## 10 minutes of good and bad requests: does the memory of a service stay flat?
	@python -m tests.soak

chaos: setup ## break a running delivery at random and see it come back (SECONDS=600 SEED=7)
	@python -m tests.chaos --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

rollouts: setup ## canaries that are good and bad, under load: how many clients meet the bad ones?
	@python -m tests.rollouts

cluster: setup ## a Kubernetes API server with its controllers, on this machine, for tests
	@python -m tests.cluster up

cluster-down: setup ## take it down, and leave nothing of it
	@python -m tests.cluster down

test-cluster: setup ## what only a real API server shows (KUBECONFIG: on that cluster; NODE=1: a kubelet too; THOROUGH=1: all)
	@python -m tests.cluster test

bench: setup ## measure the service beside others, and how often gates err (after dvc repro; BENCH=quick)
	@python -m bench $(PARTS)

year: setup ## replay 2013 week by week: watched, retrained, gated, released (MONTHS=3; goes on where it was killed)
	@python -m bench year

format: setup ## format, and mend what ruff can
	@ruff check --fix .
	@ruff format .

lint: setup ## ruff, mypy and the layers of the rooms
	@ruff check .
	@ruff format --check .
	@mypy
	@lint-imports

lock: setup ## write requirements/*.lock from pyproject.toml and model/*.in (UPGRADE=1: newest versions)
	@python requirements/lock.py $(if $(UPGRADE),--upgrade)
