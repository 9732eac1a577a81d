# `make demo` and `make test` each work as the first command on a fresh clone.
# They need Python >= 3.11, Node >= 20.19 with npm, and make; everything else they fetch themselves.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STATIC := src/memtiles/site/static
VIEWER_SOURCES := $(shell find viewer -type f -not -path '*/node_modules/*')

.PHONY: help demo test fuzz check viewer docs pictures dist format bench clean chromium

help:
	@echo "make demo    picture the memory of a real running program and say where to look"
	@echo "make test    all tests; make check: ruff, mypy, Biome, tsc"
	@echo "make fuzz    dumps and maps that were damaged at random, EXAMPLES of each (20000)"
	@echo "make viewer  bundle the page; make bench: the benchmarks; make format: reformat all code"
	@echo "make docs    docs/commands.md, from what the commands say about themselves"
	@echo "make pictures  what README.md shows"
	@echo "make dist    the sdist and the wheel to release, in dist/"

demo: $(VENV)/installed $(STATIC)/viewer.js
	@$(BIN)/python configs/demo.py

test: $(VENV)/installed $(STATIC)/viewer.js chromium
	cd viewer && npm test --silent
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

EXAMPLES ?= 20000

fuzz: $(VENV)/installed
	MEMTILES_FUZZ=$(EXAMPLES) $(BIN)/python -m pytest -m fuzz

check: $(VENV)/installed viewer/node_modules/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	cd viewer && npm run --silent check

format: $(VENV)/installed viewer/node_modules/installed
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
	cd viewer && npm run --silent format

bench: $(VENV)/installed $(STATIC)/viewer.js
	$(BIN)/python bench/run.py

viewer: $(STATIC)/viewer.js

pictures: demo
	$(BIN)/python docs/pictures/make.py

docs: $(VENV)/installed
	$(BIN)/python -m memtiles.cli.manual > docs/commands.md

dist: $(VENV)/installed $(STATIC)/viewer.js
	rm -rf dist
	$(BIN)/python -m build

clean:
	rm -rf $(VENV) $(STATIC) viewer/node_modules demo dist

$(VENV)/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "memtiles needs Python 3.11 or newer: make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	  && apt-get update -qq && apt-get install -qq -y python3-venv >/dev/null && $(PYTHON) -m venv $(VENV); } \
	  || { echo "venv is missing: apt install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

viewer/node_modules/installed: viewer/package-lock.json
	@command -v npm >/dev/null && node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' \
	  || { echo "Node.js 20.19 or newer with npm is needed to bundle the viewer" >&2; exit 1; }
	cd viewer && npm ci --silent --no-audit --no-fund
	@touch $@

$(STATIC)/viewer.js: viewer/node_modules/installed $(VIEWER_SOURCES)
	cd viewer && npm run --silent build
	@touch $@

# The browser tests report themselves as not run where this finds none.
chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null \
	  || command -v google-chrome >/dev/null \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	       && apt-get update -qq && apt-get install -qq -y chromium >/dev/null; } \
	  || echo "no Chromium on the PATH: the browser tests will be reported as not run" >&2
