/* SPDX-License-Identifier: GPL-2.0 */
/* The companion module's own sums, as its sysfs has them (dmabuf_tools(4)). Pure data. */
#ifndef MODEL_SUMS_H
#define MODEL_SUMS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/hash.h"
#include "model/histogram.h"

struct sums_exporter {
	const char *exporter;		/* any bytes */
	uint64_t buffers, bytes, exports;
};

struct sums_device {
	const char *device;		/* any bytes */
	uint64_t attachments;
	struct histogram maps;		/* buckets: where .timed */
};

struct module_sums {
	struct sums_exporter *exporters;
	uint32_t n_exporters, room_exporters;
	struct sums_device *devices;
	uint32_t n_devices, room_devices;
	uint64_t releases, missed;
	bool timed;			/* buckets are known, which only root may read */
	struct intern strings;
};

#endif
