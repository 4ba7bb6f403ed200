# Everything starts from Python >= 3.11, pip and make; all of it lives in .venv and out/.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
RUN    := $(VENV)/.run-stamp
DEV    := $(VENV)/.dev-stamp

.PHONY: help verify test test-slow test-lowest lint types contracts pytest bench clean

help:
	@echo "make verify     install what is needed and run the default study (out/digits/)"
	@echo "make test       linters, types, import contracts, and the test suite"
	@echo "make test-slow  the long tests: Monte Carlo, thousands of random enclosures"
	@echo "make test-lowest  the test suite with the lowest versions that pyproject.toml declares"
	@echo "make bench      the benchmarks, each printing the claim it checks"

$(RUN): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("certigram needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --constraint constraints.txt pip hatchling
	$(PIP) install --quiet --constraint constraints.txt --no-build-isolation --editable '.[parquet]'
	@touch $@

$(DEV): $(RUN)
	$(PIP) install --quiet --constraint constraints.txt --group dev
	@touch $@

verify: $(RUN)
	$(BIN)/certigram verify

test: lint
	@$(MAKE) --no-print-directory -j 2 types contracts pytest   # mypy has one thread: the suite starts beside it

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV)
	$(BIN)/mypy

contracts: $(DEV)
	$(BIN)/lint-imports

pytest: $(DEV)
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist worksteal -m "not slow"

test-slow: $(DEV)
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist worksteal -m slow

LOWEST := .venv-lowest

test-lowest: $(DEV)
	test -x $(LOWEST)/bin/python || $(PYTHON) -m venv $(LOWEST)
	$(BIN)/python tests/lowest_versions.py > $(LOWEST)/lowest.txt
	$(LOWEST)/bin/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt pip hatchling
	$(LOWEST)/bin/python -m pip --disable-pip-version-check install --quiet --constraint $(LOWEST)/lowest.txt \
		--no-build-isolation --editable '.[parquet,testing,cluster]' --group dev
	OPENBLAS_NUM_THREADS=1 $(LOWEST)/bin/python -W ignore::DeprecationWarning -m pytest -q -n 2 --dist worksteal \
		-m "not slow" -W ignore::DeprecationWarning   # old libraries use what new ones deprecate

bench: $(DEV)
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

clean:
	rm -rf out dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
