# SPDX-License-Identifier: GPL-2.0
# The screen over a fixture: tests/tui/*.t run it in tmux.

TOP_FIXTURE := $(O)/tests/tui/top-fixture

tests-bin: $(TOP_FIXTURE)

$(TOP_FIXTURE): $(call obj,tests/tui/fixture.c $(wildcard cli/top/*.c) \
		$(filter-out cli/source/nodes.c cli/source/users.c,$(COMMON)))
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(PKG_LIBS)

SHOTS	:= $(patsubst tests/tui/golden/%.ansi,$(O)/screenshots/%,$(wildcard tests/tui/golden/*.ansi))

.PHONY: screenshots
screenshots: $(SHOTS:=-dark.png) $(SHOTS:=-light.png)	## draw the golden screens (python3-pil, fonts-dejavu-core)

$(O)/screenshots/%-dark.png: tests/tui/golden/%.ansi tests/tui/screenshot.py tests/tui/ansi.py
	$(call say,PNG)
	$(Q)mkdir -p $(@D)
	$(Q)tests/tui/screenshot.py $< $@

$(O)/screenshots/%-light.png: tests/tui/golden/%.ansi tests/tui/screenshot.py tests/tui/ansi.py
	$(call say,PNG)
	$(Q)mkdir -p $(@D)
	$(Q)tests/tui/screenshot.py --light $< $@

.PHONY: pictures
pictures: deps	## draw the demo's screens for the README (python3-pil, fonts-dejavu-core)
	@tests/tui/pictures man/pictures
