# SPDX-License-Identifier: GPL-2.0
# Fuzz targets: clang's libFuzzer, with ASan and UBSan. tests/lab/check runs them.

FUZZ	:= $(patsubst tests/fuzz/%.c,$(O)/tests/fuzz/%,$(wildcard tests/fuzz/*.c))
FUZZ_FLAGS := -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -O1 -g
FUZZ_SRC := $(wildcard cli/model/*.c cli/recording/*.c)

.PHONY: tests-fuzz
tests-fuzz: $(FUZZ)

$(O)/tests/fuzz/%: tests/fuzz/%.c $(FUZZ_SRC) $(wildcard cli/model/*.h cli/recording/*.h include/*.h) | $(O)/.have
	$(call say,FUZZ)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(filter-out -MMD -MP,$(CFLAGS)) $(FUZZ_FLAGS) \
		$(if $(filter libzstd,$(HAVE)),-DHAVE_ZSTD) \
		-o $@ $(filter %.c,$^) $(if $(filter libzstd,$(HAVE)),$(shell $(PKG_CONFIG) --libs libzstd))
