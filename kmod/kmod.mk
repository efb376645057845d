# SPDX-License-Identifier: GPL-2.0
# The companion module; included by the top Makefile. It is built in $(O)/kmod/RELEASE, so that
# one checkout serves many kernels and the sources stay clean. Our own O is not kbuild's.

KVER	?= $(shell uname -r)
KDIR	?= /lib/modules/$(KVER)/build
KMOD_DIR = $(abspath $(O))/kmod/$(KVER)

.PHONY: kmod install-dkms uninstall-dkms

DKMS_DIR = $(DESTDIR)/usr/src/dmabuf_tools-$(VERSION)

kmod:	## build the module (KVER=RELEASE or KDIR=DIR: for another kernel)
	@test -e $(KDIR)/Makefile || { \
		echo "make: no headers of kernel $(KVER) in $(KDIR): install linux-headers-$(KVER)," \
			"or give KVER=RELEASE or KDIR=DIR" >&2; exit 1; }
	$(Q)mkdir -p $(KMOD_DIR)/include
	$(Q)ln -sf $(addprefix $(CURDIR)/,$(wildcard kmod/*.[ch]) kmod/Kbuild) $(KMOD_DIR)/
	$(Q)ln -sf $(CURDIR)/include/dmabuf_tools_uapi.h $(KMOD_DIR)/include/
	$(Q)+env -u MAKEFLAGS -u MAKELEVEL $(MAKE) $(if $(V),,-s) -C $(KDIR) M=$(KMOD_DIR) \
		DMABUF_TOOLS_VERSION=$(VERSION) $(KMOD_FLAGS) modules

install-dkms:	## install the module's sources for DKMS (then: dkms install dmabuf_tools/VERSION)
	install -d $(DKMS_DIR)/include
	install -m 644 kmod/Kbuild kmod/*.[ch] $(DKMS_DIR)
	install -m 644 include/dmabuf_tools_uapi.h $(DKMS_DIR)/include
	sed 's/@VERSION@/$(VERSION)/' kmod/dkms.conf > $(DKMS_DIR)/dkms.conf

uninstall-dkms:	## remove the module's sources (first: dkms remove dmabuf_tools/VERSION --all)
	rm -rf $(DKMS_DIR)
