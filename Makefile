# Three commands: `make train`, `make test-quick` and `make test`. Each sets up .venv first if needed.
PYTHON ?= python3
ARGS ?=

.PHONY: train test test-quick test-slow fuzz lint tensorboard benchmark docs clean

train: .venv/installed  ## make train ARGS="data=wine optimizer=sgd"
	.venv/bin/python scripts/train.py $(ARGS)

test: lint
	.venv/bin/pytest -n auto --dist worksteal $(ARGS)

# What is edited first: conf/, the template, and the advice on both.
QUICK = $(wildcard $(addprefix tests/test_,classifier.py construct.py encoding.py \
	initializers.py language.py layers.py losses.py metrics.py mlp.py optimizers.py \
	penalties.py regressor.py schedulers.py)) \
	tests/data tests/engine/config tests/engine/diagnosis tests/engine/report

test-quick: .venv/installed  ## three minutes on two cores
	.venv/bin/pytest -n auto --dist worksteal $(QUICK) $(ARGS)

test-slow: .venv/installed  ## hours: longer tests, some with packages that are too large for every environment
	.venv/bin/python -m pip install --quiet --editable ".[docs,ray]" pandas pyarrow
	.venv/bin/pytest -m slow $(ARGS)

fuzz: .venv/installed  ## make fuzz ARGS="--hypothesis-seed=1"
	.venv/bin/pytest -m slow tests/engine/test_fuzz.py $(ARGS)

lint: .venv/installed
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy

tensorboard: .venv/installed
	.venv/bin/tensorboard --logdir logs

benchmark: .venv/installed
	.venv/bin/python scripts/benchmark.py $(ARGS)

# The first time, the pictures of all options take three minutes more.
docs: .venv/installed $(if $(wildcard scripts/gallery.py),logs/gallery/drawn)  ## the site: logs/docs/index.html
	.venv/bin/python -m pip install --quiet --editable ".[docs]"
	NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --strict --config-file scripts/docs/mkdocs.yml

logs/gallery/drawn: $(wildcard conf/*/*.yaml src/litmlp/course/gallery/*.py)
	.venv/bin/python scripts/gallery.py
	touch $@

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --no-compile --editable ".[dev]"
	touch $@

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache
