# `make demo` shows the tagger at work, `make test` runs every test; both set up a virtual environment of their own.
PYTHON ?= python3
BIN = .venv/bin

.PHONY: demo test lint clean

demo: .venv/installed
	$(BIN)/beritaclass tag data/examples.jsonl

test: .venv/developing
	$(BIN)/python -m pytest -n 2 --dist worksteal

lint: .venv/developing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.venv/installed: pyproject.toml requirements.lock
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint requirements.lock --editable .
	touch $@

.venv/developing: .venv/installed
	$(BIN)/python -m pip install --quiet --constraint requirements.lock --editable '.[all]' --group dev
	touch $@

clean:
	rm -rf .venv build dist src/*.egg-info
