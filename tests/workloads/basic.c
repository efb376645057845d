// SPDX-License-Identifier: GPL-2.0
/* Factories of mkbufs whose buffers stay in one process. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "mkbufs.h"

void make_plain(void)
{
	struct buffer b;

	exporter_open();
	for (unsigned int i = 0; i < opt.count; i++)
		ledger_fd(buffer_make(&b), true);
}

void make_plain_map(void)
{
	struct buffer b;

	exporter_open();
	for (unsigned int i = 0; i < opt.count; i++) {
		int fd = buffer_make(&b);

		ledger_fd(fd, true);
		buffer_map(&b, fd);
	}
}

void make_dup(void)
{
	struct buffer b;
	int fd;

	exporter_open();
	fd = buffer_make(&b);
	ledger_fd(fd, true);
	for (unsigned int i = 1; i < opt.count; i++) {
		int copy = dup(fd);

		if (copy < 0)
			die("dup: %s", strerror(errno));
		ledger_fd(copy, true);
	}
}

/* Another protection in the middle makes three VMAs of one, and each holds the file. */
static void split(const struct buffer *b, void *map)
{
	size_t page = sysconf(_SC_PAGESIZE);

	if (b->size < 3 * page)
		return;
	if (mprotect((char *)map + page, page, PROT_READ))
		die("mprotect: %s", strerror(errno));
	ledger_map(b->ino, true);
	ledger_map(b->ino, true);
}

void make_map_only(void)
{
	struct buffer b;

	exporter_open();
	for (unsigned int i = 0; i < opt.count; i++) {
		int fd = buffer_make(&b);
		void *map = buffer_map(&b, fd);

		if (i % 3 == 1)
			buffer_map(&b, fd);
		else if (i % 3 == 2)
			split(&b, map);
		close(fd);
	}
}

void make_udmabuf(void)
{
	opt.exporter = "udmabuf";
	make_plain();
}

static const char *const hostile_names[] = {
	"\x1b[31mred\x1b[0m",
	"\x1b]0;title\x07",
	"\x1b[2J\x1b[H",
	"line\nfeed",
	"cr\rback\bspace\ttab",
	"double\"quote",
	"comma,semicolon;pipe|",
	"back\\slash\\n\\x41",
	"=cmd|' /C calc'!A0",
	"+1",
	"@SUM(A1)",
	" leading and trailing ",
	"0123456789012345678901234567890",	/* all 31 bytes */
	"ends in half a char \xe4\xb8",
	"\xff\xfe invalid",
	"\xc0\xaf overlong",
	"\xed\xa0\x80 surrogate",
	"c1 \302\23331m csi",			/* U+009B, which some terminals take for ESC [ */
	"e\xcc\x81 combining",
	"\xe6\xbc\xa2\xe5\xad\x97 wide",
	"\xe2\x80\xae right to left",
	"\xe2\x80\x8b zero width",
	"\xf0\x9f\x98\x80 four bytes",
	"\x7f del",
	"%s%n%d",
	"<b>&amp;",
	"null",
};

static const char hostile_comm[] = "\x1b[31m\n\",";

static void hold_hostile_comm(void *arg)
{
	int fd;

	if (prctl(PR_SET_NAME, hostile_comm))
		die("PR_SET_NAME: %s", strerror(errno));
	recv_fds(*(int *)arg, &fd, 1);
	ledger_fd(fd, true);
}

/*
 * -n does not scale it: each name once, one that was emptied, and one unnamed in a hostile
 * process.
 */
void make_hostile(void)
{
	struct buffer b;
	int fd, sv[2];

	opt.name = NULL;
	exporter_open();
	socket_pair(sv);
	spawn(0, hold_hostile_comm, &sv[1]);

	for (size_t i = 0; i < sizeof(hostile_names) / sizeof(hostile_names[0]); i++) {
		opt.name = hostile_names[i];
		ledger_fd(buffer_make(&b), true);
	}
	opt.name = "";
	ledger_fd(buffer_make(&b), true);
	opt.name = NULL;
	fd = buffer_make(&b);
	send_fds(sv[0], &fd, 1);
	close(fd);
}
