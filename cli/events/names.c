// SPDX-License-Identifier: GPL-2.0
/* Names of devices and exporters by number; see events.h. */
#include "events_shared.h"
#include "events.skel.h"
#include "events/own.h"
#include "model/filter.h"

/* A name that the kernel may still be writing is unknown for now. */
static const char *table_name(const char *name)
{
	return *name ? name : NULL;
}

const char *events_device(const struct events *e, uint32_t number)
{
	if (!number || number > EVENTS_MAX_DEVICES)
		return NULL;
	return table_name(e->skel->bss->tables.devices[number - 1].name);
}

const char *events_exporter(const struct events *e, uint32_t number)
{
	if (!number || number > EVENTS_MAX_EXPORTERS)
		return NULL;
	return table_name(e->skel->bss->tables.exporters[number - 1].name);
}

bool events_are_wanted(const struct filter *f, const char *exporter, const char *device)
{
	return !f || ((!exporter || filter_matches_pattern(&f->exporters, exporter)) &&
		      (!device || filter_matches_pattern(&f->devices, device)));
}
