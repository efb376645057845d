// SPDX-License-Identifier: GPL-2.0
/* libFuzzer target: any text as a buffer's fdinfo, then, after a NUL, as a process' maps. */
#include "fuzz.h"

#include "source/proc.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct records records = { 0 };
	struct proc_source own = { .records = &records };
	struct proc_process process = { .pid = 4711, .cgroup_known = true };
	const struct stat st = { .st_ino = 7, .st_ctime = 1 };
	char *text = fuzz_text(data, size), *line, *next;
	size_t len = strlen(text);

	add_buffer(&own, &st, text, len);
	index_put(&own.seen, st.st_ino, 1);
	if (len < size)
		for (next = text + len + 1; (line = strsep(&next, "\n"));)
			add_mapping(&own, &process, line);
	free(text);
	index_free(&own.seen);
	fuzz_records(&records);
	return 0;
}
