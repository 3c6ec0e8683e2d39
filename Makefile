# fuma. Bare `make` says what there is. Nothing is written outside this checkout.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV  := .venv
CACHE := .cache
PY    := $(VENV)/bin/python
KAFKA := $(CACHE)/kafka/ready
DEPS  := $(VENV)/.fuma-ready

export FUMA_CACHE := $(CURDIR)/$(CACHE)
export PIP_CACHE_DIR := $(CURDIR)/$(CACHE)/pip
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# What is temporary stays inside as well.
export TMPDIR := $(CURDIR)/$(CACHE)/tmp
_ := $(shell mkdir -p "$(TMPDIR)")

# What is compiled, tested as it is written as well.
CORE := tests/unit/domain tests/unit/contracts tests/unit/runtime tests/golden tests/property/test_codes.py

.PHONY: help setup demo test lint check bench bench-long chaos bench-peers bench-join fmt clean need-python need-java need-maven

help: ## what you are reading
	@echo "fuma: the colour of a health code, decided in the open"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo "Needs Python 3.11+, Java 17+, Maven; the first run fetches the libraries."

setup: $(DEPS) $(KAFKA) ## virtual environment, locked libraries, Kafka's jars, the core compiled
	@$(PY) -m fuma.runtime.compiling
	@echo "ready: $(VENV)/bin/fuma --help"

demo: setup ## a made-up province lives through 14 June 2022 (about two minutes)
	@$(VENV)/bin/fuma demo

test: setup ## every test, on a real Kafka and a real Redis
	@$(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(DEPS) ## ruff, strict mypy, the layers
	@$(VENV)/bin/ruff check services tests
	@$(VENV)/bin/ruff format --check -q services tests || { echo "run: make fmt"; exit 1; }
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports --no-cache

check: lint test ## lint, then test

bench: setup ## every stage, other engines, latency, recovery, memory (ARGS=--full: at full size)
	@$(VENV)/bin/fuma bench $(ARGS)

bench-long: setup ## codes over 10 million persons for an hour: memory, disk, what is left to do
	@$(PY) -m fuma.cli.bench_long $(ARGS)

bench-peers: setup ## codes beside stock Faust, Quix Streams, Kafka Streams
	@PYTHONPATH=tests $(PY) -m bench.peers $(ARGS)

bench-join: setup ## the comparison beside Kafka Streams and DuckDB
	@PYTHONPATH=tests $(PY) -m bench.peers.meeting $(ARGS)

chaos: setup ## everything breaks for MINUTES=20, nothing is lost or counted twice (SEED= repeats)
	@cd tests && SEED=$(SEED) MINUTES=$(MINUTES) ../$(PY) -m chaos

fmt: $(DEPS) ## format the code
	@$(VENV)/bin/ruff format -q services tests
	@$(VENV)/bin/ruff check -q --fix services tests

clean: ## stop the stack, remove what was made here (not .fuma, which is data)
	@if [ -x $(VENV)/bin/fuma ]; then $(VENV)/bin/fuma down || true; fi
	@rm -rf $(VENV) $(CACHE) build dist services/*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find services tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The first of these that is 3.11 or later.
PYTHON = $(shell for p in python3.11 python3 python3.12 python3.13 python3.14; do \
  if "$$p" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo "$$p"; break; fi; done)

need-python:
	@if [ -z "$(PYTHON)" ]; then echo "fuma needs Python 3.11 or later with venv: install it (Debian: python3 python3-venv)" >&2; exit 1; fi

need-java:
	@j="$${JAVA_HOME:+$$JAVA_HOME/bin/}java"; \
	v=$$("$$j" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -1 || true); \
	if [ "$${v:-0}" -lt 17 ]; then echo "fuma needs Java 17 or later for its embedded Kafka: install it (Debian: openjdk-17-jre-headless)" >&2; exit 1; fi

need-maven:
	@command -v mvn >/dev/null || { echo "fuma needs Maven to fetch Kafka's jars: install it (Debian: maven)" >&2; exit 1; }

$(DEPS): requirements.lock pyproject.toml | need-python
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@echo "installing the locked libraries into $(VENV)"
	@$(PY) -m pip install -q -r requirements.lock
	@$(PY) -m pip install -q --no-deps --no-build-isolation -e .
	@touch $@

$(KAFKA): deploy/kafka/pom.xml | need-java need-maven
	@echo "fetching Kafka's jars into $(CACHE)/kafka"
	@rm -rf $(CACHE)/kafka
	@mvn -q -B -ntp -Dstyle.color=never -f deploy/kafka/pom.xml -Dmaven.repo.local=$(CURDIR)/$(CACHE)/maven \
	  -Dfuma.jars=$(CURDIR)/$(CACHE)/kafka/jars process-resources
	@touch $@
