# SPDX-License-Identifier: GPL-2.0
# Programs that tests need: workloads, and unit tests under ASan and UBSan.

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -O1 -g
UNIT	:= $(patsubst tests/unit/%.c,$(O)/tests/unit/%,$(wildcard tests/unit/*.c))
WORKLOAD_SRC := $(filter-out tests/workloads/procwalk.c,$(wildcard tests/workloads/*.c))
WORKLOADS := $(O)/tests/workloads/mkbufs $(O)/tests/workloads/procwalk
# All that the mains do not hold and that needs no BPF to be called
UNIT_SRC := $(COMMON) $(wildcard cli/top/*.c)

include tests/tui/tui.mk

tests-bin: $(WORKLOADS) $(O)/tests/bench/snapshot
tests-unit: $(UNIT)

$(O)/tests/obj/%.o: %.c | $(SKEL)
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(SANITIZE) $(PKG_CFLAGS) -c -o $@ $<

$(O)/tests/unit/%: $(O)/tests/obj/tests/unit/%.o $(patsubst %.c,$(O)/tests/obj/%.o,$(UNIT_SRC))
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(SANITIZE) -o $@ $^ $(PKG_LIBS) $(shell $(PKG_CONFIG) --libs cmocka)

$(O)/tests/workloads/mkbufs: $(WORKLOAD_SRC) $(wildcard tests/workloads/*.h)
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -std=gnu11 $(WARN) -Iinclude $(shell $(PKG_CONFIG) --cflags libdrm) \
		-pthread -o $@ $(filter %.c,$^)

$(O)/tests/workloads/procwalk: tests/workloads/procwalk.c
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -std=gnu11 $(WARN) -o $@ $<

$(O)/tests/bench/snapshot: $(call obj,tests/bench/snapshot.c $(COMMON))
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(PKG_LIBS)
