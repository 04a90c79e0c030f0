# What people type. `make plan` and `make test` are the two commands of the README; each sets up what it needs.
SHELL := /bin/sh
ENV ?= dev
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
AWSCLI := $(VENV)/esmcfn-tools/awscli
# uv where it is installed, else pip; both compile, since a tool without bytecode starts three times slower.
UV := $(shell command -v uv 2>/dev/null)

.PHONY: plan test check bench format golden clean help

plan: $(VENV)/.plan ## what deploying ENV (default dev) would change, cost and break
	@$(BIN)/esmcfn plan $(ENV)

test: $(VENV)/.test ## everything that gates
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n auto --dist loadfile --hypothesis-profile=gate
	$(BIN)/zizmor --offline --quiet --persona auditor --strict-collection .github action.yml esmcfn/scaffold/files/action.yml

check: $(VENV)/.plan ## cfn-lint, checkov and the house rules on ENV
	@$(BIN)/esmcfn check $(ENV)

bench: $(VENV)/.test ## measure, and write docs/performance.md
	$(BIN)/python tools/bench.py

format: $(VENV)/.test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

golden: $(VENV)/.test ## rewrite the golden files; review the diff
	$(BIN)/python -m pytest tests -m "not slow" --update-golden

clean: ## remove what make made
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache

help:
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*##/\t/'

$(VENV)/bin/python:
ifdef UV
	uv venv --quiet --python $(PYTHON) $(VENV)
else
	$(PYTHON) -m venv $(VENV)
endif

$(VENV)/.plan: $(VENV)/bin/python setup.cfg pyproject.toml esmcfn/policy/checkov-requirements.txt
	@echo "· setting up $(VENV)" >&2
ifdef UV
	uv pip install --quiet --compile-bytecode --python $(BIN)/python -e '.[sandbox]'
else
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[sandbox]'
endif
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m compileall -q esmcfn
	@$(BIN)/python -m esmcfn.policy.tools
	@touch $@

# The aws command line, which a test runs against the sandbox; it brings a botocore of its own.
$(AWSCLI)/.done: tests/awscli-requirements.txt | $(VENV)/bin/python
	@rm -rf $(AWSCLI)
ifdef UV
	uv venv --quiet --python $(PYTHON) $(AWSCLI)
	uv pip install --quiet --compile-bytecode --python $(AWSCLI)/bin/python -r $<
else
	$(PYTHON) -m venv $(AWSCLI)
	$(AWSCLI)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
endif
	@touch $@

$(VENV)/.test: $(VENV)/.plan $(AWSCLI)/.done
ifdef UV
	uv pip install --quiet --compile-bytecode --python $(BIN)/python -e '.[dev]'
else
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
endif
	@touch $@
