# One line per task; the work is in scripts/ and in the presets of CMakePresets.json.
.PHONY: help build demo test golden faults points bench bench-full kernels asan tsan arm64 lambda lambda-twice cov fuzz fmt lint install clean
PREFIX ?= /usr/local

help:    ## list the targets
	@sed -n 's/^\([a-z0-9-]*\): *## */  make \1|/p' Makefile | awk -F'|' '{printf "%-20s%s\n", $$1, $$2}'
build:   ## build/release/zagg and zagg-synth (installs what is missing)
	@scripts/build release
demo:    ## photons to a Zarr store on this machine, in demo-out/
	@scripts/demo
test:    ## build, layer check and all tests
	@scripts/test
golden:  ## only the tests against expected values
	@scripts/test --label golden
faults:  ## kills, full disks and power failures at every moment (10 minutes)
	@scripts/build release && ZAGG_FAULT_ALL=1 ctest --test-dir build/release \
	    -R fault_trust --timeout 3600 --output-on-failure
points:  ## 100 million points by both paths to their cells, with each kind of vectors
	@scripts/build release && ZAGG_POINTS=100000000 ctest --test-dir build/release \
	    -R geo_points --timeout 3600 --output-on-failure
bench:   ## figures to reach, beside upstream and other engines (ARGS=--record keeps them)
	@scripts/bench $(ARGS)
bench-full: ## how time and memory grow with photons, shards, granules, threads (half an hour)
	@scripts/bench scaling $(ARGS)
kernels: ## instructions of zagg's kernels beside the committed counts (valgrind)
	@scripts/bench kernels $(ARGS)
asan:    ## all but the peer tests under AddressSanitizer and UBSan
	@scripts/test --preset asan
tsan:    ## the same under ThreadSanitizer
	@scripts/test --preset tsan
arm64:   ## unit and golden tests as 64-bit ARM programs, under qemu-user
	@scripts/arm64
lambda:  ## the package for AWS Lambda, x86_64 and arm64, in build/lambda/
	@scripts/lambda
lambda-twice: ## the same from two folders, libraries and all, and whether the bytes are equal
	@scripts/lambda --twice
cov:     ## tests with gcov, and a report
	@scripts/cov
fuzz:    ## libFuzzer on everything that reads files, FUZZ_SECONDS (60) for each target
	@scripts/fuzz
fmt:     ## clang-format on all sources
	@scripts/fmt
lint:    ## format check and clang-tidy
	@scripts/lint
install: ## library, headers, zagg.pc and programs under PREFIX (/usr/local)
	@scripts/build release && cmake --install build/release --prefix $(PREFIX)
clean:   ## remove what was built and made
	@rm -rf build demo-out
