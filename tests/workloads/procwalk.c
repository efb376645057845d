// SPDX-License-Identifier: GPL-2.0
/*
 * procwalk: what a tool without BPF does, for the benchmark to compare with: all of /proc as
 * Android's libdmabufinfo (dmabuf_dump) walks it. For each process every fd's link, for those
 * that are dma-bufs their fdinfo, then the process' maps. A program of its own, not part of mkbufs.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/stat.h>

#define PREFIX		"/dmabuf"	/* of the link of every dma-buf's fd, and of its mappings */

struct buffer {
	uint64_t ino, size, count;
	char exporter[32], name[32];
	struct buffer *next;
};

struct totals {
	unsigned long processes, buffers, fds, maps;
	uint64_t bytes;
};

static struct buffer **table;
static size_t table_size;
static struct totals totals;

static void fail(const char *what)
{
	fprintf(stderr, "procwalk: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void table_grow(void)
{
	size_t size = table_size ? 2 * table_size : 4096;
	struct buffer **grown = calloc(size, sizeof(*grown));

	if (!grown)
		fail("memory");
	for (size_t i = 0; i < table_size; i++) {
		while (table[i]) {
			struct buffer *b = table[i];

			table[i] = b->next;
			b->next = grown[b->ino % size];
			grown[b->ino % size] = b;
		}
	}
	free(table);
	table = grown;
	table_size = size;
}

static struct buffer *buffer_find(uint64_t ino)
{
	struct buffer *b = table[ino % table_size];

	while (b && b->ino != ino)
		b = b->next;
	return b;
}

static void buffer_add(const struct buffer *seen)
{
	struct buffer *b = malloc(sizeof(*b));

	if (!b)
		fail("memory");
	if (totals.buffers >= table_size)
		table_grow();
	*b = *seen;
	b->next = table[b->ino % table_size];
	table[b->ino % table_size] = b;
	totals.buffers++;
	totals.bytes += b->size;
}

static void table_clear(void)
{
	for (size_t i = 0; i < table_size; i++) {
		while (table[i]) {
			struct buffer *b = table[i];

			table[i] = b->next;
			free(b);
		}
	}
	memset(&totals, 0, sizeof(totals));
}

/* The fields that dmabuf_dump prints; ino stands in fdinfo since 5.14. */
static int read_fdinfo(int dir, const char *fd, struct buffer *b)
{
	char text[1024], *line, *rest = text;
	int file = openat(dir, fd, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (file < 0)
		return -1;
	n = read(file, text, sizeof(text) - 1);
	close(file);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	memset(b, 0, sizeof(*b));
	while ((line = strsep(&rest, "\n"))) {
		if (!strncmp(line, "size:\t", 6))
			b->size = strtoull(line + 6, NULL, 10);
		else if (!strncmp(line, "count:\t", 7))
			b->count = strtoull(line + 7, NULL, 10);
		else if (!strncmp(line, "ino:\t", 5))
			b->ino = strtoull(line + 5, NULL, 10);
		else if (!strncmp(line, "exp_name:\t", 10))
			snprintf(b->exporter, sizeof(b->exporter), "%.31s", line + 10);
		else if (!strncmp(line, "name:\t", 6))
			snprintf(b->name, sizeof(b->name), "%.31s", line + 6);
	}
	return 0;
}

static void walk_fds(int proc, const char *pid)
{
	char path[280], link[64];
	struct dirent *d;
	int fdinfo;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/fd", pid);
	dir = fdopendir(openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (!dir)
		return;
	snprintf(path, sizeof(path), "%s/fdinfo", pid);
	fdinfo = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while ((d = readdir(dir))) {
		struct buffer b;
		ssize_t n;

		if (!isdigit((unsigned char)d->d_name[0]))
			continue;
		n = readlinkat(dirfd(dir), d->d_name, link, sizeof(link));
		if (n < (ssize_t)strlen(PREFIX) || memcmp(link, PREFIX, strlen(PREFIX)))
			continue;
		if (read_fdinfo(fdinfo, d->d_name, &b))
			continue;
		totals.fds++;
		if (!buffer_find(b.ino))
			buffer_add(&b);
	}
	if (fdinfo >= 0)
		close(fdinfo);
	closedir(dir);
}

static void walk_maps(int proc, const char *pid, char **line, size_t *line_size)
{
	char path[280];
	FILE *maps;
	int fd;

	snprintf(path, sizeof(path), "%s/maps", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	maps = fd < 0 ? NULL : fdopen(fd, "r");
	if (!maps)
		return;
	while (getline(line, line_size, maps) > 0) {
		unsigned long long start, end, ino;
		struct buffer b = { 0 };
		int name;

		if (sscanf(*line, "%llx-%llx %*s %*x %*s %llu %n", &start, &end, &ino, &name) != 3 ||
		    strncmp(*line + name, PREFIX, strlen(PREFIX)))
			continue;
		totals.maps++;
		if (buffer_find(ino))
			continue;
		/* No fd of it was seen: only what is mapped is known. */
		b.ino = ino;
		b.size = end - start;
		buffer_add(&b);
	}
	fclose(maps);
}

static void walk(void)
{
	static char *line;
	static size_t line_size;
	DIR *proc = opendir("/proc");
	struct dirent *d;

	if (!proc)
		fail("/proc");
	while ((d = readdir(proc))) {
		if (!isdigit((unsigned char)d->d_name[0]))
			continue;
		totals.processes++;
		walk_fds(dirfd(proc), d->d_name);
		walk_maps(dirfd(proc), d->d_name, &line, &line_size);
	}
	closedir(proc);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

int main(int argc, char **argv)
{
	unsigned long repeat = 1;

	if (argc == 3 && !strcmp(argv[1], "--repeat"))
		repeat = strtoul(argv[2], NULL, 10);
	if (!repeat || (argc != 1 && argc != 3)) {
		fprintf(stderr, "usage: procwalk [--repeat N]\n");
		return 2;
	}
	table_grow();
	printf("{\"runs\":[");
	for (unsigned long i = 0; i < repeat; i++) {
		uint64_t start;

		table_clear();
		start = now();
		walk();
		printf("%s{\"elapsed_ns\":%llu,\"processes\":%lu,\"buffers\":%lu,\"fds\":%lu,\"maps\":%lu,\"bytes\":%llu}",
		       i ? "," : "", (unsigned long long)(now() - start), totals.processes,
		       totals.buffers, totals.fds, totals.maps, (unsigned long long)totals.bytes);
	}
	printf("]}\n");
	return 0;
}
