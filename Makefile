# Two commands: `make demo` runs the main job, `make test` passes the tests.
# With Node 20 or newer `make demo` also builds the console and opens on it.
# Each sets up what it needs in .venv: nothing is installed outside this folder.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install -q --disable-pip-version-check

.PHONY: demo web test check lint types layers tidy docs bench clean

NODE := $(shell node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null \
	&& command -v npm >/dev/null && echo node)
WEB := src/fairlead/web_dist/index.html

demo: .venv/core $(if $(NODE),$(WEB))
	$(BIN)/fairlead demo

web: $(WEB)

$(WEB): $(shell find web -path web/node_modules -prune -o -type f -print 2>/dev/null \
	| grep -v basemap.pmtiles)
	@test -n "$(NODE)" || { echo "error: no Node 20 or newer with npm found"; \
		echo "help: install it, then run: make web"; exit 1; }
	@echo "building the console (once)"
	cd web && npm ci --no-audit --no-fund --loglevel=error && npm run --silent build
	@touch $@

test: .venv/dev
	$(BIN)/python -m pytest -n auto --durations=15

check: lint types layers tidy

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/dev
	$(BIN)/ty check src

layers: .venv/dev
	$(BIN)/lint-imports

tidy: .venv/dev
	$(BIN)/python tools/tidy.py
	$(BIN)/python tools/reference.py --check

docs: .venv/dev
	$(BIN)/python tools/reference.py

.venv/python:
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 or newer found"; \
		echo "help: install one, or run: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "error: $(PYTHON) cannot make a virtual environment"; \
		echo "help: on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@touch $@

.venv/core: requirements/core.txt pyproject.toml | .venv/python
	@echo "setting up .venv (once)"
	$(PIP) --require-hashes -r requirements/core.txt
	$(PIP) --no-deps --no-build-isolation -e .
	$(BIN)/python -m fairlead.app.warm
	@touch $@

.venv/dev: requirements/dev.txt .venv/core
	$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@

clean:
	rm -rf .venv fairlead-data dist
