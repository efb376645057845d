/* SPDX-License-Identifier: GPL-2.0 */
/* What the fuzz targets share: an input as text or as a file, and what is done with records. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE	/* memfd_create */
#endif

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy that NUL ends, of just that size, so that reading on is seen. The caller frees it. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		abort();
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

/* A file of the input, good until the next call. */
static inline int fuzz_open(const void *data, size_t size)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	return fd;
}

/* A path from which the input can be read, good until the next call. */
static inline const char *fuzz_file(const uint8_t *data, size_t size)
{
	static char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fuzz_open(data, size));
	return path;
}

/* Makes all checksums of a recording right: then its contents are tried. lib/checksums.c */
void fuzz_checksums(char *bytes, size_t size);

struct records;

/* Makes a model of records, and prints each view of it. Frees them. lib/records.c */
void fuzz_records(struct records *records);

#endif
