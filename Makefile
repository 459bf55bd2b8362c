# Everything runs from the checkout, in the virtual environment .venv made here.
PYTHON ?= python3
BIN := .venv/bin
STORE ?= sqlite:///dartboard.db

.PHONY: setup study reproduce test drill drill-short soak check format bench test-compose docs docs-serve clean

setup: .venv/ready

.venv/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "dartboard needs Python 3.11, 3.12 or 3.13; name one with: make PYTHON=python3.11" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

# The main job: two small BOHB studies over DARTS, one for each objective, and their comparison.
study: setup
	$(BIN)/dartboard run studies/quickstart-one-shot.toml --store $(STORE)
	$(BIN)/dartboard run studies/quickstart-final.toml --store $(STORE)
	$(BIN)/dartboard compare quickstart-one-shot quickstart-final --trials 32 --quick \
	  --store $(STORE)

# The paper's experiments, a matter of hours on two cores: its tables and figures with our numbers, in
# docs/reproduction. Stopped, it goes on where it was.
reproduce: setup
	DARTBOARD=$(BIN)/dartboard studies/paper/reproduce.sh

test: setup
	$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile

# Damage is done to real masters and workers, each kind ten times; prints what came of it. As root,
# and with iproute2 installed, a link in a network namespace goes down, too.
drill: setup
	$(BIN)/python -m tests.drill

# Each kind once. How long others stall is shown, but fails it only far beyond what a busy machine
# adds; work that is lost or done twice always does.
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
	$(MAKE) test
	$(MAKE) drill-short

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Under ten minutes, on a machine with nothing else to do.
bench: setup
	$(BIN)/python -m benchmarks.engine
	$(BIN)/python -m benchmarks.sampler
	$(BIN)/python -m benchmarks.dispatch

# The Compose files on a real Docker Engine; root has one installed and started for that time.
test-compose:
	$(PYTHON) -m tests.compose

# The documentation site, in site/. A link that leads nowhere is an error.
docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

docs-serve: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve

clean:
	rm -rf .venv site *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
