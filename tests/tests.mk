# SPDX-License-Identifier: GPL-2.0
# tests/tests.mk: everything about tests and the lab; included by the top Makefile.

check_env = T='$(T)' TARGET='$(TARGET)' TEST_SCALE='$(or $(TEST_SCALE),1)' V='$(V)'

.PHONY: deps lab-trees check check-quick check-long check-debug-kernel analyze coverage bench demo

deps:	## install the Debian packages for build and tests
	@tests/lab/deps

lab-trees: deps	## make the Debian trees of the lab's VMs
	@tests/lab/tree bookworm
	@tests/lab/tree trixie

check: deps	## run all tests, on all kernels (fewer: T=PATTERN, TARGET=6.12)
	@$(check_env) tests/lab/check

check-quick: deps	## run all tests on one kernel
	@$(check_env) QUICK=1 tests/lab/check

check-long: deps	## run all tests with large counts (TEST_SCALE=N), also on RT kernels
	@$(check_env) TEST_SCALE='$(or $(TEST_SCALE),10)' tests/lab/check

check-debug-kernel: deps	## run the module's tests on a kernel with KASAN, lockdep, kmemleak, failslab
	@$(check_env) TARGET=debug T='$(or $(T),^tests/module/)' tests/lab/check

analyze: deps	## run gcc -fanalyzer and clang-tidy (some minutes)
	@$(MAKE) --no-print-directory -j"$$(nproc)" analyze-files

coverage: deps	## print the lines that unit tests run; at least 90 % of model, recordings, leaks
	@tests/coverage

bench: deps	## measure the cost of operations, in the lab
	@$(check_env) tests/bench/run

demo:	## run dmabuf-top on a live pipeline in a throw-away VM
	@tests/lab/demo
