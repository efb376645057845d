# SPDX-License-Identifier: GPL-2.0
# The screen over a fixture: tests/tui/*.t run it in tmux.

TOP_FIXTURE := $(O)/tests/tui/top-fixture

tests-bin: $(TOP_FIXTURE)

$(TOP_FIXTURE): $(call obj,tests/tui/fixture.c $(wildcard cli/top/*.c) $(COMMON))
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(PKG_LIBS)
