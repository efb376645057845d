# SPDX-License-Identifier: GPL-2.0
# make help lists the targets.

O	?= out
PREFIX	?= /usr/local
DESTDIR	?=
VERSION	:= 0.1
DIST	:= dmabuf-tools-$(VERSION)

CC	?= cc
CLANG	?= clang
BPFTOOL	?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
PKG_CONFIG ?= pkg-config
CFLAGS	?= -O2 -g
# For another architecture: CROSS_COMPILE=aarch64-linux-gnu- (for the module also ARCH=arm64)
ifneq ($(CROSS_COMPILE),)
ifeq ($(origin CC),default)
CC	:= $(CROSS_COMPILE)gcc
endif
export PKG_CONFIG_LIBDIR ?= /usr/lib/$(CROSS_COMPILE:-=)/pkgconfig:/usr/share/pkgconfig
export ARCH CROSS_COMPILE
endif
LIBS	:= libbpf libelf json-c ncursesw
# Optional libraries; --version lists the missing ones
OPTIONAL := libzstd libdw libprotobuf-c libmicrohttpd

ifneq ($(V),1)
Q	:= @
say	= @printf '  %-7s %s\n' $(1) $(patsubst $(O)/%,%,$@)
endif

# As in the kernel: a function that others call by a pointer need not use all that it gets
WARN	:= -Wall -Wextra -Wno-unused-parameter -Werror
override CFLAGS += $(CPPFLAGS) -std=gnu11 -D_GNU_SOURCE $(WARN) -Iinclude -Icli -Ibpf -I$(O)/bpf -I$(O)/gen -MMD -MP \
	-DVERSION='"$(VERSION)"'
# Looked up only when something is compiled, so that help and deps require no library.
# Looked up once: the first use replaces the variable by the result.
once	= $(eval $(1) := $(2))$($(1))
HAVE	= $(call once,HAVE,$(foreach lib,$(OPTIONAL),$(shell $(PKG_CONFIG) --exists $(lib) && \
	{ test $(lib) != libprotobuf-c || command -v protoc-c >/dev/null; } && echo $(lib))))
PKG_CFLAGS = $(call once,PKG_CFLAGS,$(shell $(PKG_CONFIG) --cflags $(LIBS) $(HAVE)) \
	$(addprefix -DHAVE_,$(shell echo $(HAVE:lib%=%) | tr a-z.- A-Z__)))
PKG_LIBS = $(call once,PKG_LIBS,$(shell $(PKG_CONFIG) --libs $(LIBS) $(HAVE)) -lm)

COMMON	:= $(wildcard cli/model/*.c cli/source/*.c cli/events/*.c cli/symbols/*.c cli/recording/*.c \
	cli/output/*.c) cli/options.c cli/option_table.c cli/file.c cli/opaque.c cli/regular.c cli/libelf_stubs.c
TOP	:= cli/dmabuf-top.c $(wildcard cli/top/*.c)
TRACE	:= cli/dmabuf-trace.c $(wildcard cli/trace/*.c)
SKEL	:= $(patsubst bpf/%.bpf.c,$(O)/bpf/%.skel.h,$(wildcard bpf/*.bpf.c))
obj	= $(patsubst %.c,$(O)/obj/%.o,$(1))
TOOLS	:= $(O)/dmabuf-top $(O)/dmabuf-trace

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all tests-bin tests-unit tests-kmod install uninstall static dist deb clean help

all: $(TOOLS)	## build the tools (O=DIR: in DIR instead of out, V=1: print commands)

$(O)/dmabuf-top: $(call obj,$(TOP) $(COMMON))
$(O)/dmabuf-trace: $(call obj,$(TRACE) $(COMMON))
$(TOOLS):
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(PKG_LIBS)

$(O)/obj/%.o: %.c | $(SKEL)
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(PKG_CFLAGS) -c -o $@ $<

# The library requires its compiler
$(O)/gen/perfetto.pb-c.c: cli/output/perfetto.proto
	$(call say,PROTO)
	$(Q)mkdir -p $(@D)
	$(Q)$(if $(filter libprotobuf-c,$(HAVE)),protoc-c --c_out=$(@D) --proto_path=$(<D) $<,touch $@)

$(O)/obj/cli/output/perfetto.o $(O)/tests/obj/cli/output/perfetto.o: $(O)/gen/perfetto.pb-c.c

# Print one line instead of a screen full of errors
$(O)/.have:
	@$(PKG_CONFIG) --exists $(LIBS) && command -v $(CLANG) >/dev/null && \
		command -v $(BPFTOOL) >/dev/null || { \
		echo "make: what the build needs is missing: make deps, or as root: apt-get install" \
			"gcc clang bpftool pkgconf libbpf-dev libelf-dev" \
			"libjson-c-dev libncurses-dev" >&2; exit 1; }
	@mkdir -p $(@D) && touch $@

$(O)/bpf/%.bpf.o: bpf/%.bpf.c $(wildcard bpf/*.h include/*.h) | $(O)/.have
	$(call say,BPF)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) -g -O2 -Wall -Werror --target=bpf -mcpu=v3 -D__bpf__ -Iinclude -Ibpf -c -o $@ $<

$(O)/bpf/%.skel.h: $(O)/bpf/%.bpf.o
	$(call say,SKEL)
	$(Q){ echo '/* NOLINTBEGIN(clang-analyzer-unix.Malloc): libbpf frees what is allocated here */' && \
		$(BPFTOOL) gen skeleton $< name $*_bpf && echo '/* NOLINTEND(clang-analyzer-unix.Malloc) */'; } > $@

include kmod/kmod.mk
include tests/build.mk
-include tests/tests.mk
-include $(shell find $(O)/obj $(O)/tests -name '*.d' 2>/dev/null)

install: all install-dkms	## install to DESTDIR and PREFIX (the module's sources, for DKMS, to /usr/src)
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,sbin share/man/man4 share/man/man5 share/man/man8)
	install -m 755 $(TOOLS) $(DESTDIR)$(PREFIX)/sbin
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/include include/dmabuf_tools_uapi.h
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/dmabuf-tools LICENSE README.md
	install -m 644 man/*.4 $(DESTDIR)$(PREFIX)/share/man/man4
	install -m 644 man/*.8 $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 644 man/dmabuf-trace.data.5 $(DESTDIR)$(PREFIX)/share/man/man5
	install -d $(addprefix $(DESTDIR)$(PREFIX)/share/,bash-completion/completions zsh/site-functions)
	install -m 644 cli/share/completion/dmabuf-tools.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/dmabuf-top
	ln -sf dmabuf-top $(DESTDIR)$(PREFIX)/share/bash-completion/completions/dmabuf-trace
	install -m 644 cli/share/completion/_dmabuf-tools $(DESTDIR)$(PREFIX)/share/zsh/site-functions
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)$(PREFIX)/share/dmabuf-tools
	sed 's|/usr/local/|$(PREFIX)/|' cli/share/systemd/dmabuf-metrics.service \
		> $(DESTDIR)$(PREFIX)/lib/systemd/system/dmabuf-metrics.service
	install -m 644 cli/share/prometheus/dmabuf.rules.yml cli/share/grafana/*.json \
		$(DESTDIR)$(PREFIX)/share/dmabuf-tools

uninstall: uninstall-dkms	## remove the files of make install
	rm -f $(DESTDIR)$(PREFIX)/include/dmabuf_tools_uapi.h
	rm -rf $(DESTDIR)$(PREFIX)/share/doc/dmabuf-tools
	rm -f $(patsubst $(O)/%,$(DESTDIR)$(PREFIX)/sbin/%,$(TOOLS))
	rm -f $(patsubst man/%,$(DESTDIR)$(PREFIX)/share/man/man8/%,$(wildcard man/*.8))
	rm -f $(patsubst %,$(DESTDIR)$(PREFIX)/share/bash-completion/completions/%,dmabuf-top dmabuf-trace)
	rm -f $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_dmabuf-tools
	rm -f $(DESTDIR)$(PREFIX)/share/man/man4/dmabuf_tools.4
	rm -f $(DESTDIR)$(PREFIX)/share/man/man5/dmabuf-trace.data.5
	rm -f $(DESTDIR)$(PREFIX)/lib/systemd/system/dmabuf-metrics.service
	rm -rf $(DESTDIR)$(PREFIX)/share/dmabuf-tools

# For boards without packages: the libraries that Debian has as static libraries.
static:	## build both tools without shared libraries, in $(O)/static
	$(Q)$(MAKE) --no-print-directory O=$(O)/static OPTIONAL='libzstd libprotobuf-c' \
		PKG_CONFIG='$(PKG_CONFIG) --static' CPPFLAGS='$(CPPFLAGS) -DSTATIC_BUILD' \
		LDFLAGS='$(LDFLAGS) -static -Wl,-s' all

# The same bytes from the same commit: git's times and order, without gzip's time
dist:	## pack the sources of this commit in one file
	@mkdir -p $(O)
	@git archive --format=tar --prefix=$(DIST)/ HEAD | gzip -9n > $(O)/$(DIST).tar.gz
	@echo $(O)/$(DIST).tar.gz

deb: dist	## build Debian packages of this commit, in $(O)/deb
	@command -v dh_dkms >/dev/null || { echo "make: deb needs more; as root: apt-get install" \
		"dpkg-dev debhelper dh-dkms" >&2; exit 1; }
	@rm -rf $(O)/deb && mkdir -p $(O)/deb
	@tar -C $(O)/deb -xf $(O)/$(DIST).tar.gz
	@cp -r $(O)/deb/$(DIST)/cli/share/debian $(O)/deb/$(DIST)/debian
	@cd $(O)/deb/$(DIST) && env -u MAKEFLAGS -u MAKELEVEL dpkg-buildpackage -us -uc -b
	@ls $(O)/deb/*.deb

clean:	## remove the build (not the lab's trees)
	rm -rf $(O)

help:	## print this list
	@sed -n 's/^\([a-z][a-z-]*\):[^#]*## */\1\t/p' $(MAKEFILE_LIST) | \
		awk -F'\t' '{printf "  make %-16s %s\n", $$1, $$2}'
