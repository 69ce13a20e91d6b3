# Each target does its own set-up, so that it works on a fresh clone. `make` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup demo run check test nightly golden bench lock
export MAKEFLAGS += --no-print-directory

BIN := .venv/bin
# Named by content, not by time: a new lock file installs, a fresh checkout of the same one does not.
READY := .venv/ready-$(firstword $(shell cat requirements-dev.txt Makefile | cksum))
WEB := shared/web
BUILT := $(WEB)/static/built/ready-$(firstword $(shell cat $(WEB)/package-lock.json $(WEB)/build.mjs $(WEB)/styles/* $(WEB)/scripts/* | cksum))
IDP := tests/identity_provider
IDP_READY := $(IDP)/node_modules/ready-$(firstword $(shell cat $(IDP)/package-lock.json | cksum))
COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

setup: $(READY) $(BUILT) $(IDP_READY) ## Make .venv with everything pinned, the `motcua` command, and what pages load

demo: setup ## Start everything, file dossiers, show their KPIs, stay until Ctrl-C (ARGS="--exit --dossiers 30")
	@$(BIN)/motcua demo $(ARGS)

run: setup ## Start everything and stay until Ctrl-C
	@$(BIN)/motcua up --wait

check: setup ## Style, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check ## Everything that CI runs, on real servers (ARGS="-k fold")
	$(BIN)/python -m pytest $(ARGS)

nightly: setup ## A million random due times, and 200 random calls of each operation (about half an hour)
	CASES=200 $(BIN)/python -m pytest tests/services -k document_says --timeout=0 $(ARGS)
	CASES=1000000 $(BIN)/python -m pytest tests/dossier/test_deadline.py -k random_cases --timeout=0 $(ARGS)

golden: setup ## Write the golden files anew; commit them with the reason
	$(BIN)/python -m tests.golden

bench: setup ## Measure dossiers per second against the floor
	@$(BIN)/motcua bench dossiers $(ARGS)

lock: setup ## Pin requirements anew, with hashes and without index addresses (ARGS="--upgrade")
	$(COMPILE) $(ARGS) -o requirements.txt requirements.in
	$(COMPILE) $(ARGS) -o requirements-dev.txt requirements-dev.in

$(READY):
	@python=$$(for name in python3.13 python3.12; do $$name -c '' 2>/dev/null && echo $$name && break; done); \
	if [ -z "$$python" ]; then \
		echo "Python 3.13 (or 3.12) was not found: install it, for example with \`pyenv install 3.13\`." >&2; exit 1; \
	fi; \
	[ -x $(BIN)/python ] || { rm -rf .venv && $$python -m venv .venv; }
	@echo "Installing the pinned Python packages (about a minute the first time) ..." >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@# The project itself needs no build: its folder goes on the path, its command is two lines.
	@$(BIN)/python -c 'import os, sysconfig; open(sysconfig.get_path("purelib") + "/motcua.pth", "w").write(os.getcwd())'
	@printf '#!/bin/sh\nexec "$$(dirname "$$0")/python" -P -m deploy.cli "$$@"\n' > $(BIN)/motcua && chmod +x $(BIN)/motcua
	@rm -f .venv/ready-* && touch $@

$(BUILT):
	@command -v npm >/dev/null || { echo "npm was not found: install Node.js 20 or newer." >&2; exit 1; }
	@cd $(WEB) && npm ci --silent --ignore-scripts && npm run --silent build
	@touch $@

$(IDP_READY):
	@command -v npm >/dev/null || { echo "npm was not found: install Node.js 20 or newer." >&2; exit 1; }
	@cd $(IDP) && npm ci --silent --ignore-scripts
	@touch $@
