# make demo    the life of one service, from the order to the end
# make test    all tests
# make lint    ruff, mypy, import-linter, ansible-lint, ansible-test sanity
#
# Everything is installed into .venv of this directory. PYTHON names another interpreter (3.11 or newer).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
COLLECTION := collections/ansible_collections/bill/nextcloud
SANITY_PYTHON = $(shell $(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')

# Handed to the demonstration by the environment, never as arguments.
export CLOUD_URL CLOUD_USER CLOUD_PASSWORD CLOUD_CA_FILE

.PHONY: demo test lint format clean

$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=…")'
	@$(PYTHON) -c 'import sqlite3, sys; sys.exit(sys.version_info >= (3, 12) and sqlite3.sqlite_version_info < (3, 42) and "This Python needs SQLite 3.42 or newer; Python 3.11 does with less: make PYTHON=…")'
	@echo "Installing the Python packages into $(VENV) …"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(VENV)/installed
	@$(BIN)/python tests/acceptance/demo.py

test: $(VENV)/installed
	$(BIN)/python -m pytest

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/ansible-lint --offline
	cd $(COLLECTION) && PATH="$(CURDIR)/$(BIN):$$PATH" ansible-test sanity --python $(SANITY_PYTHON)

format: $(VENV)/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
