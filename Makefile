# The front door: every job of the house by its name. Builds go to build/<preset>.

SETUP := scripts/setup.sh
FUZZ_SECONDS ?= 60
SEED ?= 1
RUNS ?= 150

.PHONY: help demo test ci-extra test-clang format lint size coverage fuzz sweep mutate interop stub-codes clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

demo: ## build the programs and show them at work on a virtual chip
	@$(SETUP) base stubs
	@scripts/build.sh release
	@scripts/demo.sh

test: ## build with gcc and sanitizers, run every test (under 5 minutes)
	@$(SETUP) base stubs test
	@scripts/build.sh sanitize
	@scripts/run_tests.sh sanitize

ci-extra: ## everything else a change has to pass (about 15 minutes)
	@$(SETUP) base stubs test clang fuzz lint size coverage mutate stub-codes
	@scripts/ci_extra.sh

test-clang: ## the same tests, built with clang
	@$(SETUP) base stubs test clang
	@scripts/build.sh clang
	@scripts/run_tests.sh clang

format: ## lay out all C files as .clang-format says
	@$(SETUP) lint
	@scripts/lint.sh --format

lint: ## order between rooms, layout, clang-tidy, cppcheck, shellcheck
	@$(SETUP) base stubs test clang lint
	@scripts/lint.sh

size: ## flash, RAM and stack of the library on Cortex-M, and its limits
	@$(SETUP) stubs size
	@scripts/size.sh

coverage: ## lines and branches the tests reach, by room
	@$(SETUP) base stubs test coverage
	@scripts/coverage.sh

fuzz: ## feed the decoders at random, FUZZ_SECONDS each; then see what lines that reached
	@$(SETUP) base stubs clang fuzz
	@scripts/fuzz.sh $(FUZZ_SECONDS)
	@scripts/fuzz_coverage.sh

sweep: ## faults at RUNS random places of a 1 MiB job, repeatable by SEED
	@$(SETUP) base stubs test
	@scripts/build.sh dev test_sweeps
	@build/dev/tests/test_sweeps large $(SEED) $(RUNS)

mutate: ## break the sources on purpose and expect the tests to notice
	@$(SETUP) base stubs test mutate
	@scripts/make_stubs.py --fetch
	@scripts/mutate.py

interop: ## other people's flashers on the virtual chip; needs a Python package registry
	@$(SETUP) base stubs interop
	@scripts/interop.sh

stub-codes: ## compare the table of official RAM stubs with the packages that carry them (fetched once)
	@$(SETUP) stubs stub-codes
	@scripts/stub_codes.py

clean: ## remove everything that was built
	rm -rf build
