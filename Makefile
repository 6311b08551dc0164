# make app    the app, in an environment of its own; make app TORCH=cpu  without what only NVIDIA GPUs need, a tenth as large
# make test   all tests, browser tests included
# make check  ruff's rules and formatting, mypy's types; make format  mends what can be mended
# make texts  brings the translations' catalogues up to date with the texts in the source
# make screenshots  takes docs/screenshots from the running app

PYTHON ?= python3
BIN := .venv/bin
CPU_BUILDS := https://download.pytorch.org/whl/cpu
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: app test check format texts screenshots environment test-environment

app: environment
	$(BIN)/streamlit run app.py

# Two at a time, with one thread each: two processes with a thread for every core spend their time waiting for each other.
test: test-environment
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal tests/unit tests/app
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal tests/e2e

check: test-environment
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: test-environment
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

texts: test-environment
	$(BIN)/python -m pages.locale.collect

screenshots: test-environment
	$(BIN)/python -m tests.e2e.screenshots

environment: .venv/app-installed
test-environment: .venv/tests-installed

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name it: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

# PyPI's torch for Linux brings CUDA along.
.venv/torch-from-$(or $(TORCH),pypi): requirements.txt | .venv/bin/python
ifeq ($(TORCH),cpu)
	grep -E '^torch(vision)?>' requirements.txt > .venv/torch.txt
	$(PIP) --retries 1 --index-url $(CPU_BUILDS) -r .venv/torch.txt \
		|| { echo "PyTorch's builds for CPUs could not be had from $(CPU_BUILDS); without TORCH=cpu, PyPI's are installed, which work everywhere and take 6 GB." >&2; exit 1; }
	$(BIN)/python -c 'import torch, torchvision; assert torch.version.cuda is None' 2>/dev/null \
		|| { echo "What is in .venv is not PyTorch's build for CPUs: it was there before, or pip knows other sources (pip config list); remove .venv and try again." >&2; exit 1; }
endif
	touch $@

.venv/app-installed: requirements.txt .venv/torch-from-$(or $(TORCH),pypi) | .venv/bin/python
	$(PIP) -r requirements.txt
	touch $@

.venv/tests-installed: requirements.txt requirements-dev.txt deploy/requirements-postgres.txt deploy/requirements-files.txt deploy/requirements-ray.txt deploy/requirements-video.txt deploy/requirements-export.txt deploy/requirements-tensorboard.txt deploy/requirements-hub.txt tests/e2e/package-lock.json .venv/torch-from-$(or $(TORCH),pypi) | .venv/bin/python
	$(PIP) -r requirements-dev.txt
	$(BIN)/python tests/e2e/browser.py --install
	touch .venv/app-installed $@
