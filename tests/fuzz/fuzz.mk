# SPDX-License-Identifier: GPL-2.0
# Fuzz targets: clang's libFuzzer, with ASan and UBSan, each linked with all that unit tests are, and the commands.
# tests/lab/check runs them. What a target includes as a whole, to reach what is static there, is
# not linked.

FUZZ	:= $(patsubst tests/fuzz/%.c,$(O)/tests/fuzz/%,$(wildcard tests/fuzz/*.c))
FUZZ_FLAGS := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -O1 -g
FUZZ_SRC := $(sort $(UNIT_SRC) $(wildcard cli/trace/*.c)) $(wildcard tests/fuzz/lib/*.c)
fuzz_obj = $(patsubst %.c,$(O)/tests/fuzz-obj/%.o,$(1))
FUZZ_INCLUDES_proc := cli/source/proc.c
FUZZ_INCLUDES_module := cli/source/module.c
FUZZ_INCLUDES_setup := cli/top/setup.c
FUZZ_INCLUDES_replay := cli/top/screen.c

.PHONY: tests-fuzz
tests-fuzz: $(FUZZ)

$(O)/tests/fuzz-obj/%.o: %.c | $(SKEL)
	$(call say,FUZZ)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(CFLAGS) $(FUZZ_FLAGS) $(PKG_CFLAGS) -c -o $@ $<

$(O)/tests/fuzz-obj/cli/output/perfetto.o: $(O)/gen/perfetto.pb-c.c

$(O)/tests/fuzz/%: $(call fuzz_obj,tests/fuzz/%.c $(FUZZ_SRC))
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) -fsanitize=fuzzer,address,undefined -o $@ \
		$(filter-out $(call fuzz_obj,$(FUZZ_INCLUDES_$*)),$^) $(PKG_LIBS)
