# The front door: every job of the house by its name. Builds go to build/<preset>.

SETUP := scripts/setup.sh
FUZZ_SECONDS ?= 60
PREFIX ?= /usr/local
SEED ?= 1
RUNS ?= 150

.PHONY: help demo demo-mcu test ci-extra test-clang test-tsan format lint size coverage fuzz sweep bench bench-quick bench-speed regret mutate mutate-sample interop interop-ci stub-codes source-release docs api-table install deb arduino package-check clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

demo: ## build the programs and show them at work on a virtual chip
	@$(SETUP) base stubs
	@scripts/build.sh release
	@scripts/demo.sh

demo-mcu: ## the same with an emulated microcontroller as host
	@$(SETUP) base stubs mcu
	@scripts/build.sh release
	@scripts/demo_mcu.sh

test: ## build with gcc and sanitizers, run the tests (under 5 minutes)
	@$(SETUP) base stubs test mcu
	@scripts/build.sh sanitize
	@scripts/run_tests.sh sanitize

ci-extra: ## everything else a change has to pass (about a quarter of an hour)
	@$(SETUP) base stubs test mcu clang fuzz lint docs size coverage mutate stub-codes interop deb package-check
	@scripts/ci_extra.sh

test-clang: ## the same tests, built with clang
	@$(SETUP) base stubs test mcu clang
	@scripts/build.sh clang
	@scripts/run_tests.sh clang

test-tsan: ## two and four loaders, a thread each, built with the thread sanitizer
	@$(SETUP) base test
	@scripts/build.sh tsan
	@scripts/run_tests.sh tsan

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
	@$(SETUP) base stubs test mcu coverage
	@scripts/coverage.sh

fuzz: ## feed the virtual chip at random, FUZZ_SECONDS as each kind, and the decoders; then see what lines that reached
	@$(SETUP) base stubs clang fuzz
	@scripts/fuzz.sh $(FUZZ_SECONDS)
	@scripts/fuzz_coverage.sh

sweep: ## one fault at every place of small jobs; and at RUNS random places of large ones, repeatable by SEED
	@$(SETUP) base stubs test mcu
	@scripts/sweep.sh $(SEED) $(RUNS)

bench: ## other people's flasher and ours on the same virtual chip, to docs/performance.md (about 10 minutes)
	@$(SETUP) base stubs interop firmware
	@scripts/build.sh release
	@scripts/clients.sh esptool plots
	@build/interop/venv/bin/python bench/bench.py --write docs/performance.md

bench-quick: ## a slice of that, printed (about 2 minutes)
	@$(SETUP) base stubs interop firmware
	@scripts/build.sh release
	@scripts/clients.sh esptool plots
	@build/interop/venv/bin/python bench/bench.py --quick

bench-speed: ## how many times faster than a board a virtual chip is; fails below 200
	@$(SETUP) base
	@scripts/build.sh release bench_speed
	@build/release/bench_speed

regret: ## the plan against fixed strategies in hindsight, 10,000 random cases from SEED on, to docs/regret.md
	@$(SETUP) base
	@scripts/build.sh release bench_regret
	@build/release/bench_regret $(SEED) 10000 >docs/regret.md
	@sed -n '/^## Figures/,/most/p' docs/regret.md

mutate: ## break the sources on purpose and expect the tests to notice
	@$(SETUP) base stubs test mutate
	@scripts/make_stubs.py --fetch
	@scripts/mutate.py

mutate-sample: ## the same with 60 mistakes, others each time
	@$(SETUP) base stubs test mutate
	@scripts/make_stubs.py --fetch
	@scripts/mutate.py --sample 60

interop: ## other people's flashers on the virtual chip, all their jobs; needs package registries
	@$(SETUP) base stubs interop espflash
	@scripts/interop.sh --write docs/interop.md

interop-ci: ## esptool and esptool-js on some chips, some jobs
	@$(SETUP) base stubs interop
	@scripts/interop.sh --ci

stub-codes: ## compare the table of official RAM stubs with the packages that carry them (fetched once)
	@$(SETUP) stubs stub-codes
	@scripts/stub_codes.py

source-release: ## build/reflash-VERSION.tar.gz: sources and RAM stubs, for builds that fetch nothing
	@$(SETUP) base stubs
	@scripts/source_release.sh

install: ## programs, library, files for CMake and pkg-config below PREFIX (/usr/local), DESTDIR in front of it
	@$(SETUP) base stubs
	@scripts/build.sh release
	@cmake --install build/release --prefix "$(PREFIX)"

deb: ## Debian packages of the programs and of the library, in build/deb/packages
	@$(SETUP) base stubs deb
	@scripts/deb.sh

arduino: ## a library for Arduino, with the RAM stubs, in build/arduino
	@$(SETUP) stubs
	@scripts/arduino_library.sh

package-check: ## make Debian packages and use them; the manifests as Zephyr and PlatformIO read them
	@$(SETUP) base stubs test deb package-check
	@scripts/package_check.sh

docs: ## the API's documentation, from the headers, to build/docs/html; a warning is an error
	@$(SETUP) docs
	@mkdir -p build/docs
	@doxygen docs/Doxyfile

api-table: ## write docs/api-table.md: what is tested of the API, function by chip
	@$(SETUP) base test
	@scripts/build.sh dev test_api_table
	@build/dev/tests/test_api_table write

clean: ## remove everything that was built
	rm -rf build
