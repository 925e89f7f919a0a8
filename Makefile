# Entry points; `make help` lists them. The build itself is CMakeLists.txt.
PYTHON := .venv/bin/python
JOBS ?= $(shell nproc)
PYTEST_ARGS ?=
.DEFAULT_GOAL := build
.PHONY: help setup build test test-cpp test-python test-examples demo bench check format asan tsan wheel docs clean

help:  ## This list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

setup:  ## Install what is needed: Debian packages (as root or with sudo) and .venv
	@tools/setup

build: setup  ## Build the library and the extension in build/dev; `.venv/bin/python` then imports tnp
	@tools/configure build/dev
	@ninja -C build/dev -j $(JOBS)
	@tools/stage build/dev python

test: build  ## All tests: C++, Python, and the C++ examples against an installed copy
	@tools/run_tests

test-cpp: build  ## The C++ tests
	@ctest --test-dir build/dev --output-on-failure -j $(JOBS)

test-python: build  ## The Python tests; PYTEST_ARGS='-k name' chooses
	@$(PYTHON) -m pytest -n $(JOBS) $(PYTEST_ARGS)

test-examples: build  ## Build the C++ examples against an installed prefix and run them
	@tools/test_cpp_examples build/dev

demo: build  ## Run the examples
	@tools/demo

bench: build  ## Run the benchmarks, each against its peers
	@$(PYTHON) benchmarks/run.py

check: build  ## Formatting, lint, types, layers, symbols
	@tools/check

format:  ## Format the C++ and Python files in place
	@git ls-files -co --exclude-standard '*.cpp' '*.h' | xargs -r clang-format-19 -i
	@.venv/bin/ruff format -q . && .venv/bin/ruff check -q --fix .

asan: setup  ## C++ tests under the address and undefined-behaviour sanitizers
	@tools/sanitize asan address,undefined

tsan: setup  ## C++ tests under the thread sanitizer
	@tools/sanitize tsan thread

wheel: setup  ## Build a wheel into dist/
	@$(PYTHON) -m pip wheel -q --no-deps --no-build-isolation -w dist .

docs: build  ## The documentation as HTML in build/docs/html: a page for each function, the guide, how it works
	@tools/setup build docs
	@$(PYTHON) tools/gen_docs build/docs/source
	@$(PYTHON) -m sphinx -q -j auto -b html build/docs/source build/docs/html
	@echo "build/docs/html/index.html"

clean:  ## Remove what was built
	rm -rf build dist python/tnp/_core*.so python/tnp/lib
