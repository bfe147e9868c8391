# Two commands need nothing but Python: `make run` and `make test`. `make` alone lists them all.
PYTHON ?= python3
BOOTSTRAP = $(PYTHON) deploy/bootstrap.py
VENV_PYTHON = .venv/bin/python
# Only what is asked for is upgraded: make lock UPGRADE=--upgrade
UPGRADE ?=
COMPILE_LOCK = $(VENV_PYTHON) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(UPGRADE) --extra postgres
LANGUAGES = id

.DEFAULT_GOAL := help
.PHONY: help run test lint lock messages prepare

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: ## Serve the demo on http://127.0.0.1:8000/ (another port: PORT=8001 make run)
	@$(BOOTSTRAP) run

test: ## Run the tests (a few of them: make test ARGS="-k flags")
	@$(BOOTSTRAP) test $(ARGS)

prepare:
	@$(BOOTSTRAP) prepare

lint: prepare ## Check style and types
	@$(VENV_PYTHON) -m ruff check --no-cache . && $(VENV_PYTHON) -m mypy

lock: prepare ## Make both lock files anew (newest versions: make lock UPGRADE=--upgrade)
	@$(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check uv
	@$(COMPILE_LOCK) pyproject.toml -o requirements.lock
	@$(COMPILE_LOCK) --extra test --constraint requirements.lock pyproject.toml -o tests/requirements.lock

messages: prepare ## Bring the translation catalogues up to date with the source
	@set -e; pot=$$(mktemp); trap 'rm -f "$$pot"' EXIT; \
	$(VENV_PYTHON) -m babel.messages.frontend extract -F pyproject.toml -k _l -k lazy_gettext \
		-c NOTE: --strip-comment-tags --sort-by-file --add-location=file --no-wrap --project catatan-kader \
		-o "$$pot" portal; \
	for language in $(LANGUAGES); do $(VENV_PYTHON) -m babel.messages.frontend -q update --init-missing \
		-i "$$pot" -d translations -l $$language --no-fuzzy-matching --no-wrap --ignore-pot-creation-date; done
