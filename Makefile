# Two commands need nothing but Python: `make run` and `make test`. `make` alone lists them all.
PYTHON ?= python3
BOOTSTRAP = $(PYTHON) deploy/bootstrap.py
VENV_PYTHON = .venv/bin/python
# Only what is asked for is upgraded: make lock UPGRADE=--upgrade
UPGRADE ?=
COMPILE_LOCK = $(VENV_PYTHON) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(UPGRADE) --extra postgres
# As -m babel.messages.frontend, which however ends with 0 whatever happened
PYBABEL = $(VENV_PYTHON) -c "import sys; from babel.messages.frontend import main; sys.exit(main())"
LANGUAGES = id

.DEFAULT_GOAL := help
.PHONY: help run test test-browser test-slow asvs prove prove-long budget lighthouse gallery scripts lint lock messages prepare

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: ## Serve the demo on http://127.0.0.1:8000/ (another port: PORT=8001 make run)
	@$(BOOTSTRAP) run

test: ## Run the tests (a few of them: make test ARGS="-k flags")
	@$(BOOTSTRAP) test $(ARGS)

test-browser: ## Run the journeys in a real browser (needs Chromium)
	@$(BOOTSTRAP) test -m "browser and not slow and not proof" $(ARGS)

test-slow: ## Run what takes minutes: a hundred thousand guesses at signing in
	@$(BOOTSTRAP) test -m slow $(ARGS)

asvs: ## Run what shows the requirements of OWASP ASVS 5.0.0 and of BSSN; writes docs/asvs.md and docs/bssn.md
	@PORTAL_ASVS_PAGE=docs/asvs.md $(BOOTSTRAP) test -m "asvs and not slow" $(ARGS)

# a proof waits for a third of its time, for a browser or for what it has killed: one more than there are processors
AT_ONCE = $(shell $(PYTHON) -c "import os; print(os.cpu_count() + 1)")

prove: ## Show what is claimed: one line a claim, with its figure and its limit
	@$(BOOTSTRAP) test -n $(AT_ONCE) -m proof tests/proof --dist worksteal $(ARGS)

prove-long: ## The same at full size, for hours; writes docs/proof.md
	@PORTAL_PROOF=long PORTAL_PROOF_PAGE=docs/proof.md $(BOOTSTRAP) test -n $(AT_ONCE) -m proof tests/proof --dist worksteal $(ARGS)

budget: prepare ## Weigh every page of a cadre; fails past a limit of the design
	@$(VENV_PYTHON) -m benchmarks.budget

lighthouse: prepare ## Ask Lighthouse about every page of a cadre (needs npm and Chromium)
	@$(VENV_PYTHON) -m benchmarks.lighthouse

gallery: prepare ## Take a picture of every page, in both languages, into build/gallery
	@$(VENV_PYTHON) -m benchmarks.gallery

scripts: prepare ## Make the scripts small that browsers load (needs npm); the outcome is kept in the tree
	@$(VENV_PYTHON) -m deploy.scripts

prepare:
	@$(BOOTSTRAP) prepare

lint: prepare ## Check style and types
	@$(VENV_PYTHON) -m ruff check --no-cache . && $(VENV_PYTHON) -m mypy

lock: prepare ## Make both lock files anew (newest versions: make lock UPGRADE=--upgrade)
	@$(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check uv
	@$(COMPILE_LOCK) pyproject.toml -o requirements.lock
	@$(COMPILE_LOCK) --extra test --constraint requirements.lock pyproject.toml -o tests/requirements.lock

# Sorted by text, without line numbers, dates and names that nobody fills in: a change shows only itself
messages: prepare ## Bring the translation catalogues up to date with the source
	@set -e; pot=$$(mktemp); trap 'rm -f "$$pot"' EXIT; \
	$(PYBABEL) extract -F pyproject.toml -k _l -k lazy_gettext -c NOTE: --strip-comment-tags \
		--sort-output --add-location=file -w 100 --project catatan-kader -o "$$pot" portal; \
	for language in $(LANGUAGES); do \
		$(PYBABEL) -q update --init-missing -i "$$pot" -d translations -l $$language -w 100 \
			--no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date; \
		po=translations/$$language/LC_MESSAGES/messages.po; \
		sed -E -i.old -e '/^"(Report-Msgid-Bugs-To|POT-Creation-Date|PO-Revision-Date):/d' \
			-e '/^"(Last-Translator|Language-Team):/d' -e 's/^("Project-Id-Version:) +/\1 /' $$po; \
		rm $$po.old; done
