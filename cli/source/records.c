// SPDX-License-Identifier: GPL-2.0
/* Records in memory, and files of unknown size; see records.h. */
#include "source/records.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/hash.h"

void *records_reserve(struct records *r, size_t n)
{
	return buffer_reserve(&r->bytes, &r->room, r->len + n) ? NULL : r->bytes + r->len;
}

int records_add(struct records *r, const void *record, size_t len)
{
	void *place = records_reserve(r, len);

	if (!place)
		return -ENOMEM;
	memcpy(place, record, len);
	r->len += len;
	return 0;
}

void records_free(struct records *r)
{
	free(r->bytes);
	memset(r, 0, sizeof(*r));
}

long read_whole(int dirfd, const char *path, char **text, size_t *room)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	long err = 0;

	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t n;

		if (*room - len < 4096) {
			size_t larger = *room ? *room * 2 : 16384;
			char *moved = realloc(*text, larger);

			if (!moved) {
				err = -ENOMEM;
				break;
			}
			*text = moved;
			*room = larger;
		}
		n = read(fd, *text + len, *room - len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err = -errno;
		if (n <= 0)
			break;
		len += n;
	}
	close(fd);
	if (err)
		return err;
	(*text)[len] = '\0';
	return len;
}
