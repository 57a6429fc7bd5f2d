# One verb for each chore; `make` alone lists them. Needs make, git and Python 3.11; the rest is installed by `make setup`.

PY := .venv/bin/python -P
# Node comes with the lock, too; npm's own scripts look it up by name.
NPM := cd console && PATH="$(CURDIR)/.venv/bin:$$PATH" npm run --silent
# Options for the demo, for example: make demo ARGS=--video
ARGS ?=
# Files of tests run side by side, each process with servers of its own; most tests wait more than they reckon.
SIDE_BY_SIDE ?= -n 3 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-console chaos tamper bench-reading wheel release-check sbom audit-deps check lint format types layers unit integration journey lock clean leaks console

# $(call stage,NAME,COMMAND): run it, then say how long it took.
define stage
	@echo "== $(1)"; started=$$(date +%s%N); $(2) && echo "== $(1): $$(( ($$(date +%s%N) - started) / 1000000 )) ms"
endef

help: ## list these verbs
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | while IFS='|' read -r verb says; do printf '  make %-13s %s\n' "$$verb" "$$says"; done

setup: ## install what is missing; at once when nothing is
	@sh deploy/setup.sh

demo: setup ## the whole street with real mails; with a terminal it stays up until Ctrl-C
	@$(PY) -m sandbox demo $(ARGS)

leaks: setup ## run the street, then look everywhere for account numbers and one-time passwords
	@$(PY) -m sandbox leaks </dev/null

test: check ## everything that must be green: check, every test, then the demo
	$(call stage,unit and integration,$(PY) -m pytest $(SIDE_BY_SIDE) tests/unit tests/integration)
	$(call stage,console,$(PY) -m pytest $(SIDE_BY_SIDE) tests/console)
	$(call stage,journey,$(PY) -m pytest tests/journey)
	$(call stage,demo,$(PY) -m sandbox demo </dev/null)

chaos: setup ## kill and break everything 500 times while invoices are paid, then close the books (half an hour or more)
	@$(PY) -m sandbox chaos $(ARGS)

tamper: setup ## falsify a record of 10,000 entries in five ways as the database's superuser, and see it noticed
	@$(PY) -m sandbox tamper $(ARGS)

bench-reading: setup ## read documents with known truth from COUNTERSIGN_CORPORA; how well, how surely, how fast
	@$(PY) -m sandbox reading $(ARGS)

wheel: setup ## build the wheel into dist/, with the console
	@$(PY) -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --wheel-dir dist .
	@ls dist/*.whl

release-check: wheel ## install the wheel by the lock into a clean environment elsewhere, and run the demo from it
	$(call stage,release check,sh deploy/release_check.sh)

sbom: setup ## list all we are built of in dist/, as CycloneDX
	@$(PY) -m tests.bill_of_materials dist/countersign.cdx.json

audit-deps: setup ## ask OSV for known holes of all that is locked; says so when it could not be asked
	@$(PY) -m tests.audit_deps

check: setup lint types layers ## linter, formatter, types, import contracts

lint: ## linter and formatter, changing nothing
	$(call stage,lint,.venv/bin/ruff check . && .venv/bin/ruff format --check .)
	$(call stage,lint of the console,( $(NPM) lint ))

format: ## let linter and formatter mend what they can
	@.venv/bin/ruff check --fix . ; .venv/bin/ruff format . ; $(NPM) format

types: ## strict types, tests too
	$(call stage,types,.venv/bin/mypy)
	$(call stage,types of the console,( $(NPM) client ) && ( $(NPM) types ))

console: setup ## rebuild the console at each change of its sources, for a web app that runs
	@$(NPM) watch

layers: ## who may import whom
	$(call stage,layers,.venv/bin/lint-imports --no-logo)

unit: setup ## tests that need nothing
	$(call stage,unit,$(PY) -m pytest $(SIDE_BY_SIDE) tests/unit)

integration: setup ## tests that need the servers
	$(call stage,integration,$(PY) -m pytest $(SIDE_BY_SIDE) tests/integration)

test-console: setup ## tests of the console in a real browser, and of its API by its OpenAPI document
	$(call stage,console,$(PY) -m pytest $(SIDE_BY_SIDE) tests/console)

journey: setup ## tests that need everything
	$(call stage,journey,$(PY) -m pytest tests/journey)

lock: ## renew requirements.lock and package-lock.json (they hold hashes and name no registry)
	@.venv/bin/uv lock --upgrade --quiet
	@.venv/bin/uv export --frozen --all-groups --no-emit-project --no-annotate --no-header --quiet \
	  --format requirements-txt --output-file requirements.lock
	@! grep -n '://' requirements.lock
	@$(NPM) lock
	@! grep -n '"resolved"' console/package-lock.json

clean: ## stop what runs and remove every file that was made here; .env stays
	@for python in python3.11 python3 /usr/bin/python3; do \
	  $$python -B -m sandbox.clean .countersign 2>/dev/null && break; done; \
	if [ -e .countersign ]; then echo "clean: .countersign could not be removed; was it made by root?" >&2; exit 1; fi
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build uv.lock \
	  console/node_modules console/openapi.json console/src/parts/api.gen.d.ts daemon/web/static/console
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
