# `make leaderboard` and `make test` are all that a newcomer needs; both set up what is missing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export OMP_NUM_THREADS ?= 1
# Tests read and write text as UTF-8 in any locale.
export PYTHONUTF8 ?= 1

.PHONY: leaderboard test test-more lint types smoke check-results what-won validate chaos fuzz bench ratios asv docs clean

# Two methods on everything that scikit-learn carries or that is generated, and, with EBMBENCH_DATA
# set, on all data found there. Ends with the leaderboard and the path of the tables.
# `make leaderboard RUN='--preset smoke --out runs/tried'` tries it in a minute.
leaderboard: $(VENV)/.installed
	$(BIN)/ebmbench run --methods dsm,ssm --tasks all --out runs/leaderboard $(RUN)

test: $(VENV)/.tested
	$(BIN)/python -m pytest -n auto --dist loadfile --cov --cov-report=term:skip-covered -q

# What `make test` leaves out or skips: tests of half a minute and more, and those that read the data
# files of EBMBENCH_DATA.
test-more: $(VENV)/.tested
	$(BIN)/python -m pytest -n auto --dist loadfile -m '(data or slow) and not statistical and not network' -q

lint: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.tested
	$(BIN)/mypy

# One method of every family on every task, and every method on a task of every kind.
smoke: $(VENV)/.installed
	$(BIN)/ebmbench run --methods dsm,nce,pcd,gaussian --tasks all --preset smoke --out runs/smoke
	$(BIN)/ebmbench run --methods all --tasks 2d/rings,ica/5,uci/wine --preset smoke --out runs/smoke

# Every published folder: records valid, hashes right, tables what the records give.
check-results: $(VENV)/.installed
	for folder in results/20*/; do $(BIN)/ebmbench check $$folder || exit 1; done

# The section "What won" of README.md, from the published records; a test checks it.
what-won: $(VENV)/.installed
	$(BIN)/python -m ebmbench.report.what_won

# Every estimator against known truths over repeats, and the cases that must be refused; writes
# results/validation and fails if a promise is broken. Minutes. `VALIDATE=--jobs\ 1` for one process.
validate: $(VENV)/.tested
	$(BIN)/ebmbench study validate --out results/validation $(VALIDATE)
	$(BIN)/python -m pytest -m statistical -q

# Faults at random moments, and inputs that are spoiled at random; both write results/reliability and
# fail if anything was lost, torn, done twice, or ended in a traceback. An hour or two, each.
# `CHAOS='--share 0.1'` tries a part.
chaos: $(VENV)/.tested
	$(BIN)/python -m benchmarks.chaos --out results/reliability $(CHAOS)

fuzz: $(VENV)/.tested
	$(BIN)/python -m benchmarks.fuzz --out results/reliability $(FUZZ)

# Times of steps and samplers; `make bench BENCH=--benchmark-compare` compares with the last saved.
bench: $(VENV)/.tested
	$(BIN)/python -m pytest benchmarks --benchmark-only --benchmark-autosave \
	    --benchmark-warmup=on --benchmark-max-time=0.5 -q $(BENCH)

# How many times as fast as torchebm and as plain autograd, on each matmul path; a grid of runs
# against the plain way; how the cost of a step grows.
ratios: $(VENV)/.benchmarked
	for setting in as-run fast; do \
	    $(BIN)/python -m benchmarks.ratios --setting $$setting --out results/ratios || exit 1; done
	$(BIN)/python -m benchmarks.memory --out results/ratios
	$(BIN)/python -m benchmarks.grid --out results/ratios
	$(BIN)/python -m benchmarks.scaling --out results/scaling

# The present commit, into results/asv; fails if nothing ran.
asv: $(VENV)/.benchmarked
	$(BIN)/asv machine --yes
	$(BIN)/asv run -E existing:$(BIN)/python --set-commit-hash $$(git rev-parse HEAD) --show-stderr
	test -s results/asv/benchmarks.json

# The reference of all modules, from their docstrings, under build/docs.
docs: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	$(BIN)/pdoc --math --output-directory build/docs ebmbench ebmbench.api ebmbench.cards \
	    $(patsubst ebmbench/%/__init__.py,ebmbench.%,$(wildcard ebmbench/*/__init__.py))

$(VENV)/.installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --editable '.[tests]'
	touch $@

$(VENV)/.benchmarked: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --editable '.[benchmarks]'
	touch $@

clean:
	rm -rf $(VENV) runs .pytest_cache .mypy_cache .ruff_cache .coverage*
