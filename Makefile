# `make demo` shows the tagger at work, `make test` runs every test; both set up a virtual environment of their own.
PYTHON ?= python3
BIN = .venv/bin

.PHONY: demo test lint java clean

demo: .venv/installed
	$(BIN)/beritaclass tag data/examples.jsonl

test: .venv/developing
	$(BIN)/python -m pytest -n 2 --dist worksteal

lint: .venv/developing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The Spark tests need Java; without it, and where it cannot be installed, they are skipped.
java:
	@command -v java >/dev/null || (apt-get update -qq && apt-get install -qqy --no-install-recommends default-jre-headless) \
		|| echo "Java could not be installed: the Spark tests will be skipped"

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
