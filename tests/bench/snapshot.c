// SPDX-License-Identifier: GPL-2.0
/* What a snapshot costs: SOURCE N prints each run's time and parts. For snapshot.bench. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/model.h"
#include "source/source.h"

static unsigned long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

int main(int argc, char **argv)
{
	struct model model = { 0 };
	struct source source;
	int i, runs;

	if (argc != 3) {
		fprintf(stderr, "Usage: snapshot SOURCE RUNS\n");
		return 2;
	}
	runs = atoi(argv[2]);
	if (source_open(&source, argv[1], NULL)) {
		fprintf(stderr, "snapshot: %s\n", source.error);
		return 1;
	}
	printf("{\"source\":\"%s\",\"runs\":[", source.ops->name);
	for (i = 0; i < runs; i++) {
		unsigned long long start = now(), read;
		int err;

		source.records.len = 0;
		err = source.ops->snapshot(&source, &source.records);
		read = now() - start;
		start = now();
		if (!err)
			err = source_snapshot(&source, &model, NULL);
		if (err) {
			fprintf(stderr, "snapshot: %s\n", source.error);
			return 1;
		}
		printf("%s{\"elapsed_ns\":%llu,\"read_ns\":%llu,\"buffers\":%u,\"slots\":%u,\"attachments\":%u}",
		       i ? "," : "", now() - start, read, model.n_buffers, model.n_slots,
		       model.n_attachments);
	}
	puts("]}");
	model_free(&model);
	source_close(&source);
	return 0;
}
