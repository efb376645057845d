# SPDX-License-Identifier: GPL-2.0
# Programs for tests: workloads, and unit tests under ASan and UBSan.

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -O1 -g
UNIT	:= $(patsubst tests/unit/%.c,$(O)/tests/unit/%,$(wildcard tests/unit/*.c))
# Programs of one file; the others make mkbufs
SINGLE	:= procwalk modfuzz modops leaker callers exits
WORKLOAD_SRC := $(filter-out $(SINGLE:%=tests/workloads/%.c),$(wildcard tests/workloads/*.c))
WORKLOADS := $(addprefix $(O)/tests/workloads/,mkbufs $(SINGLE) callers-fp)
BENCHES	:= $(addprefix $(O)/tests/bench/,snapshot events access recording)
# The files of the tools, without the mains and without callers of BPF
UNIT_SRC := $(COMMON) $(wildcard cli/top/*.c cli/trace/findings*.c)

include tests/tui/tui.mk
include tests/fuzz/fuzz.mk

tests-bin: $(WORKLOADS) $(BENCHES) $(addprefix $(O)/tests/,bench/accounting module/failnth.so)
tests-unit: $(UNIT)
# The module for each release of RELEASES. Warnings that the kernel's own build disables, and sparse's
# warnings, are errors. Debian 13's sparse cannot read 7.x's headers (__typeof_unqual__).
sparse_of = $(if $(filter 7.%,$(1)),,DMABUF_TOOLS_SPARSE=1 CHECK="sparse -Wsparse-error")
# DKMS builds for its own machine
tests-kmod: $(addprefix kmod-,$(RELEASES)) $(if $(CROSS_COMPILE),,$(patsubst %,$(O)/dkms/%/dmabuf_tools.ko,$(RELEASES)))
kmod-%:
	$(Q)$(MAKE) --no-print-directory kmod KVER=$* KMOD_FLAGS='W=1 KCFLAGS=-Werror $(call sparse_of,$*)'
	$(Q)mkdir -p $(O)/rogue/$* && ln -sf $(addprefix $(CURDIR)/tests/module/rogue/,Kbuild rogue.c) $(O)/rogue/$*/
	$(Q)+env -u MAKEFLAGS -u MAKELEVEL $(MAKE) $(if $(V),,-s) -C /lib/modules/$*/build M=$(abspath $(O)/rogue/$*) KCFLAGS=-Werror modules

# And again from the files of install-dkms, by DKMS, in a directory of its own
$(O)/dkms/%/dmabuf_tools.ko: $(wildcard kmod/*) include/dmabuf_tools_uapi.h
	$(call say,DKMS)
	$(Q)rm -rf $(@D) && mkdir -p $(@D)/tree
	$(Q)$(MAKE) -s --no-print-directory install-dkms DESTDIR=$(abspath $(@D))
	$(Q)env -u MAKEFLAGS -u MAKELEVEL dkms build dmabuf_tools/$(VERSION) -k $* --dkmstree $(abspath $(@D))/tree \
		--sourcetree $(abspath $(@D))/usr/src >$(@D)/log 2>&1 || { cat $(@D)/log >&2; exit 1; }
	$(Q)find $(@D)/tree -path '*/module/dmabuf_tools.ko*' -exec cp {} $(@D)/ \;
	$(Q)test -e $@ || xz -d $@.xz

$(O)/tests/obj/%.o: %.c | $(SKEL)
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(SANITIZE) $(PKG_CFLAGS) -c -o $@ $<

$(O)/tests/unit/%: $(O)/tests/obj/tests/unit/%.o $(patsubst %.c,$(O)/tests/obj/%.o,$(UNIT_SRC))
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(SANITIZE) -o $@ $^ $(PKG_LIBS) $(shell $(PKG_CONFIG) --libs cmocka)

# For tests/lab/bare
tests-static: static $(O)/static/mkbufs
$(O)/static/mkbufs: WORKLOAD_CFLAGS := -static -Wl,-s
$(O)/tests/workloads/mkbufs $(O)/static/mkbufs: $(WORKLOAD_SRC) $(wildcard tests/workloads/*.h)
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -std=gnu11 $(WARN) $(WORKLOAD_CFLAGS) -Iinclude $(shell $(PKG_CONFIG) --cflags libdrm) \
		-pthread -o $@ $(filter %.c,$^)

$(O)/tests/workloads/modfuzz $(O)/tests/workloads/modops $(O)/tests/workloads/leaker: include/dmabuf_tools_uapi.h
# As distributions build: no frame pointers. No function is inlined, and each call stays a call.
$(O)/tests/workloads/leaker: WORKLOAD_CFLAGS := -fomit-frame-pointer -fno-optimize-sibling-calls -fno-ipa-icf -fno-tree-ch
$(SINGLE:%=$(O)/tests/workloads/%): $(O)/tests/workloads/%: tests/workloads/%.c
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -std=gnu11 $(WARN) $(WORKLOAD_CFLAGS) -Iinclude -pthread -o $@ $<

$(O)/tests/workloads/callers: include/dmabuf_tools_uapi.h
# Code at an offset in the file, as lld and x86-64 have it: a frame depends on the size of pages
$(O)/tests/workloads/callers: WORKLOAD_CFLAGS := -Wl,-z,separate-code
# The same with frame pointers; Debian's default is without
$(O)/tests/workloads/callers-fp: tests/workloads/callers.c include/dmabuf_tools_uapi.h
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -fno-omit-frame-pointer -std=gnu11 $(WARN) -Iinclude -o $@ $<

$(O)/tests/module/failnth.so: tests/module/failnth.c
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -std=gnu11 $(WARN) -shared -fPIC -o $@ $<

$(BENCHES): $(O)/tests/bench/%: $(O)/obj/tests/bench/%.o $(call obj,$(COMMON))
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(PKG_LIBS)

$(O)/tests/bench/accounting: tests/bench/accounting.c include/dmabuf_tools_uapi.h
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -std=gnu11 $(WARN) -Iinclude $(shell $(PKG_CONFIG) --cflags libdrm) -o $@ $<

# gcc's and clang's analyzers; NOLINT explains each exception. Without SRA: -fanalyzer regards the parts
# of a split struct as uninitialized.
CLANG_TIDY ?= clang-tidy
analyze-files: $(patsubst %.c,$(O)/analyze/%.ok,$(wildcard cli/*.c cli/*/*.c))
$(O)/analyze/%.ok: %.c .clang-tidy $(wildcard cli/*.h cli/*/*.h include/*.h) | $(SKEL) $(O)/gen/perfetto.pb-c.c
	$(call say,ANALYZE)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -MMD -MP,$(CFLAGS)) $(PKG_CFLAGS) -fno-tree-sra -fanalyzer -c -o /dev/null $<
	$(Q)$(CLANG_TIDY) --quiet $< -- -isystem $(O)/bpf $(filter-out -MMD -MP -I$(O)/bpf,$(CFLAGS)) $(PKG_CFLAGS) 2>$@.log || \
		{ cat $@.log >&2; exit 1; }
	$(Q)touch $@
.PHONY: analyze-files
