# Everything runs from the checkout, in the virtual environment .venv made here.
PYTHON ?= python3
BIN := .venv/bin
STORE ?= sqlite:///dartboard.db
PACKAGES := cli configspace master results worker
PYTEST_OPTIONS := -n auto --maxprocesses 4 --dist loadfile

.PHONY: setup study reproduce test test-fast test-oldest coverage words drill drill-short soak check check-root \
  format bench test-compose docs docs-serve clean

setup: .venv/ready

# Prints a word if an environment exists that does not work: its checkout was moved, its Python was
# removed or replaced, its installation was interrupted, or its command is missing.
broken = $(shell test ! -e $(1) || { test -e $(1)/ready \
  && grep -qsF '$(CURDIR)/$(1)/bin/python' $(1)/bin/dartboard \
  && $(1)/bin/python -I -c 'import importlib.util as u; assert u.find_spec("typer")' 2>/dev/null; } \
  || echo broken)
again = $(if $(call broken,$(1)),again)

.PHONY: again
again:

.venv/ready: pyproject.toml constraints.txt $(call again,.venv)
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "dartboard needs Python 3.11, 3.12 or 3.13; name one with: make PYTHON=python3.11" >&2; exit 1; }
	@$(if $(call broken,.venv),echo "The environment in .venv does not work here. Setting it up again.")
	$(PYTHON) -m venv $(if $(call broken,.venv),--clear) .venv
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

# The main job: two small BOHB studies over DARTS, one for each objective, and their comparison.
# The store reaches the shell as a variable, so that it may contain spaces, quotes, & and $.
study: export DARTBOARD_STORE := $(value STORE)
study: setup
	$(BIN)/dartboard run studies/quickstart-one-shot.toml --store "$$DARTBOARD_STORE"
	$(BIN)/dartboard run studies/quickstart-final.toml --store "$$DARTBOARD_STORE"
	$(BIN)/dartboard compare quickstart-one-shot quickstart-final --trials 32 --quick \
	  --store "$$DARTBOARD_STORE"

# The paper's experiments take hours on two cores. Writes its tables and figures, with our numbers, to
# docs/reproduction. An interrupted run resumes.
reproduce: setup
	DARTBOARD=$(BIN)/dartboard studies/paper/reproduce.sh

test: setup
	$(BIN)/pytest $(PYTEST_OPTIONS)

# Under a minute on two idle cores: no database server, and nothing that takes more than a few seconds.
test-fast: setup
	$(BIN)/pytest $(PYTEST_OPTIONS) -m "not slow"

# The fast tests, and the slow ones of what reads and shows results, with the oldest versions that
# pyproject.toml allows. They need Python 3.11: later ones have no builds of some of these versions.
# Old releases warn about newer ones of their own dependencies, so warnings are no errors here.
OLDEST_OPTIONS = $(PYTEST_OPTIONS) -W default --disable-warnings
test-oldest: .venv-oldest/ready
	.venv-oldest/bin/python -m pytest $(OLDEST_OPTIONS) -m slow tests/results
	.venv-oldest/bin/python -m pytest $(OLDEST_OPTIONS) -m "not slow"

.venv-oldest/ready: .venv/ready .ci/oldest.py $(call again,.venv-oldest)
	$(PYTHON) -m venv $(if $(call broken,.venv-oldest),--clear) .venv-oldest
	$(BIN)/python .ci/oldest.py > .venv-oldest/constraints.txt
	.venv-oldest/bin/pip install --quiet --upgrade pip
	.venv-oldest/bin/pip install --quiet --constraint .venv-oldest/constraints.txt \
	  --editable '.[test]'
	@touch $@

# All tests, and the share of each package's lines that they run.
coverage: setup
	$(BIN)/pytest $(PYTEST_OPTIONS) --cov --cov-report=
	@for package in $(PACKAGES); do \
	  printf '%-12s %3s%% of its lines run in the tests\n' $$package \
	    "$$($(BIN)/coverage report --include="$$package/*" --format=total)"; \
	done

# Words and phrases that the text avoids, with what to write instead.
words: setup
	$(BIN)/python .ci/words.py

# Does damage to real masters and workers, each kind ten times, and prints the results. As root, and
# with iproute2 installed, it also takes down a link in a network namespace.
drill: setup
	$(BIN)/python -m tests.drill

# Each kind once. Lost work and work done twice always fail it. A stall of other workers fails it only
# far beyond what a busy machine adds.
drill-short: setup
	$(BIN)/python -m tests.drill --times 1 --parallel 0 --together 3 --stall-limit 30

soak: setup
	$(BIN)/python -m tests.drill.soak --kill workers
	$(BIN)/python -m tests.drill.soak --kill master

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python .ci/words.py
	$(MAKE) coverage
	$(MAKE) drill-short

# What only root can do: mount a small disk, and take down the link of a network namespace.
check-root: setup
	$(BIN)/pytest -m root -p no:cacheprovider
	$(BIN)/python -m tests.drill --times 1 --parallel 0 --together 3 --stall-limit 30 --only "network link down"

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Under ten minutes on an idle machine.
bench: setup
	$(BIN)/python -m benchmarks.engine
	$(BIN)/python -m benchmarks.sampler
	$(BIN)/python -m benchmarks.dispatch
	$(BIN)/python -m benchmarks.around

# Tests the Compose files on a real Docker Engine. If none answers, root installs and starts one.
test-compose:
	$(PYTHON) -m tests.compose

# The documentation site, in site/. A link that leads nowhere is an error.
docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

docs-serve: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve

clean:
	rm -rf .venv .venv-oldest site .coverage *.egg-info
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
