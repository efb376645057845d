// SPDX-License-Identifier: GPL-2.0
/*
 * The ledger of mkbufs: what was made, entered by whoever made it, in memory that all its
 * processes share. Sorted and added up once, when everything stands.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "mkbufs.h"

#define LEDGER_ENTRIES	(4U << 20)	/* address space only, until it is used */
#define COMM_LEN	16

/* In this order within one buffer; those from FD on once more within each process. */
enum kind { PROCESS, BUFFER, OBJECT, IN_FLIGHT, ATTACH, FD, MAP, GEM, IO_URING, FRAMEBUFFER };

struct entry {
	uint64_t ino;			/* 0: PROCESS */
	pid_t pid;			/* 0: of the buffer itself */
	enum kind kind;
	unsigned int value;		/* FD, GEM, FRAMEBUFFER: its number; OBJECT: which */
	bool counts;
	union {
		struct buffer buffer;
		char device[DEVICE_LEN];
		char comm[COMM_LEN];
	};
};

static struct ledger {
	_Atomic unsigned int used;
	bool unsteady;
	struct entry entries[];
} *ledger;

void ledger_init(void)
{
	ledger = mmap(NULL, sizeof(*ledger) + LEDGER_ENTRIES * sizeof(struct entry),
		      PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (ledger == MAP_FAILED)
		die("no memory for the ledger: %s", strerror(errno));
}

static struct entry *entry_new(enum kind kind, uint64_t ino, pid_t pid)
{
	unsigned int i = atomic_fetch_add(&ledger->used, 1);
	struct entry *e = &ledger->entries[i];

	if (i >= LEDGER_ENTRIES)
		die("more than %u references", LEDGER_ENTRIES);
	e->kind = kind;
	e->ino = ino;
	e->pid = pid;
	return e;
}

void ledger_process(void)
{
	prctl(PR_GET_NAME, entry_new(PROCESS, 0, getpid())->comm);
}

void ledger_buffer(const struct buffer *b)
{
	entry_new(BUFFER, b->ino, 0)->buffer = *b;
}

void ledger_fd(int fd, bool counts)
{
	struct entry *e = entry_new(FD, fd_ino(fd), getpid());

	e->value = fd;
	e->counts = counts;
}

void ledger_map(uint64_t ino, bool counts)
{
	entry_new(MAP, ino, getpid())->counts = counts;
}

void ledger_gem(uint64_t ino, uint32_t handle, bool counts)
{
	struct entry *e = entry_new(GEM, ino, getpid());

	e->value = handle;
	e->counts = counts;
}

void ledger_io_uring(uint64_t ino, bool counts)
{
	entry_new(IO_URING, ino, getpid())->counts = counts;
}

void ledger_framebuffer(uint64_t ino, uint32_t id)
{
	entry_new(FRAMEBUFFER, ino, getpid())->value = id;
}

void ledger_object(uint64_t ino, bool imported)
{
	struct entry *e = entry_new(OBJECT, ino, 0);

	e->value = imported ? e - ledger->entries + 1 : 0;
}

void ledger_in_flight(uint64_t ino)
{
	entry_new(IN_FLIGHT, ino, 0);
}

void ledger_attach(uint64_t ino, const char *device)
{
	snprintf(entry_new(ATTACH, ino, 0)->device, DEVICE_LEN, "%s", device);
}

void ledger_kernel_unsteady(void)
{
	ledger->unsteady = true;
}

static int entry_compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->ino != y->ino)
		return x->ino < y->ino ? -1 : 1;
	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return (x->value > y->value) - (x->value < y->value);
}

/* Length of the UTF-8 sequence at s, 0 if it is none: RFC 3629, no surrogates, nothing overlong. */
static int utf8_length(const unsigned char *s)
{
	unsigned long c;
	int n;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	c = s[0] & (0x7f >> n);
	for (int i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)	/* also stops at the NUL */
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if ((n == 3 && (c < 0x800 || (c >= 0xd800 && c <= 0xdfff))) ||
	    (n == 4 && (c < 0x10000 || c > 0x10ffff)))
		return 0;
	return n;
}

/* Bytes that are no UTF-8 become \xNN, four characters, as Python's backslashreplace has it. */
static void print_string(const char *string)
{
	const unsigned char *s = (const unsigned char *)string;

	putchar('"');
	while (*s) {
		int n = utf8_length(s);

		if (!n)
			printf("\\\\x%02x", *s++);
		else if (*s == '"' || *s == '\\')
			printf("\\%c", *s++);
		else if (*s < 0x20 || *s == 0x7f)
			printf("\\u%04x", *s++);
		else
			while (n--)
				putchar(*s++);
	}
	putchar('"');
}

static const char *comm_of(const struct entry *e, const struct entry *end, pid_t pid)
{
	for (; e < end && e->kind == PROCESS; e++)
		if (e->pid == pid)
			return e->comm;
	die("process %d holds a buffer and is not in the ledger", pid);
}

struct sum {
	unsigned int fds, maps, gem, objects, imports, in_flight, io_uring, framebuffers;
	unsigned int kernel;		/* of these, all but fds, maps and framebuffers */
};

/* Adds up one buffer's entries; returns the first of the next buffer. */
static const struct entry *buffer_sum(const struct entry *e, const struct entry *end,
				      struct sum *sum)
{
	const struct entry *first = e;

	memset(sum, 0, sizeof(*sum));
	for (; e < end && e->ino == first->ino; e++) {
		if (e->kind == FD)
			sum->fds += e->counts;
		else if (e->kind == MAP)
			sum->maps += e->counts;
		else if (e->kind == GEM)
			sum->gem += e->counts;
		else if (e->kind == OBJECT)
			sum->objects += e[-1].kind != OBJECT || e[-1].value != e->value;
		else if (e->kind == IN_FLIGHT)
			sum->in_flight++;
		else if (e->kind == ATTACH)
			sum->imports++;
		else if (e->kind == IO_URING)
			sum->io_uring += e->counts;
		else if (e->kind == FRAMEBUFFER)
			sum->framebuffers++;
	}
	sum->kernel = sum->gem + sum->objects + sum->imports + sum->in_flight + sum->io_uring;
	return e;
}

static void print_buffer(const struct entry *e, const struct entry *next, const struct sum *sum)
{
	const char *comma = "";

	printf("{\"ino\":%llu,\"size\":%llu,\"exporter\":", (unsigned long long)e->ino,
	       (unsigned long long)e->buffer.size);
	print_string(e->buffer.exporter);
	printf(",\"name\":");
	if (e->buffer.named)
		print_string(e->buffer.name);
	else
		printf("null");
	printf(",\"fds\":%u,\"maps\":%u,", sum->fds, sum->maps);
	if (ledger->unsteady)
		printf("\"kernel\":null,\"count\":null,");
	else
		printf("\"kernel\":%u,\"count\":%u,", sum->kernel, sum->fds + sum->maps + sum->kernel);
	printf("\"gem\":%u,\"objects\":%u,\"imports\":%u,\"in_flight\":%u,\"io_uring\":%u,"
	       "\"framebuffers\":%u,\"attachments\":[", sum->gem, sum->objects, sum->imports,
	       sum->in_flight, sum->io_uring, sum->framebuffers);
	for (const struct entry *a = e; a < next; a++) {
		if (a->kind != ATTACH)
			continue;
		printf("%s{\"device\":", comma);
		print_string(a->device);
		putchar('}');
		comma = ",";
	}
	printf("],\"created\":%llu,\"uid\":%u}", (unsigned long long)e->buffer.created, e->buffer.uid);
}

/* One holder of one buffer, from its first entry; returns the first entry of the next one. */
static const struct entry *print_holder(const struct entry *e, const struct entry *end,
					const char *comm)
{
	const struct entry *next = e;
	const char *comma = "";
	unsigned int maps = 0, io_uring = 0;

	printf("{\"pid\":%d,\"comm\":", e->pid);
	print_string(comm);
	printf(",\"ino\":%llu,\"fds\":[", (unsigned long long)e->ino);
	while (next < end && next->ino == e->ino && next->pid == e->pid)
		maps += next++->kind == MAP;
	for (; e < next && e->kind == FD; e++, comma = ",")
		printf("%s%u", comma, e->value);
	printf("],\"maps\":%u,\"gem\":[", maps);
	for (e += maps, comma = ""; e < next && e->kind == GEM; e++, comma = ",")
		printf("%s%u", comma, e->value);
	for (; e < next && e->kind == IO_URING; e++)
		io_uring++;
	printf("],\"io_uring\":%u,\"framebuffers\":[", io_uring);
	for (comma = ""; e < next; e++, comma = ",")
		printf("%s%u", comma, e->value);
	printf("]}");
	return next;
}

static void print_totals(const struct entry *e, const struct entry *end, unsigned int processes)
{
	unsigned long long buffers = 0, bytes = 0, fds = 0, maps = 0, kernel = 0;
	struct sum sum;

	while (e < end) {
		const struct entry *next = buffer_sum(e, end, &sum);

		buffers++;
		bytes += e->buffer.size;
		fds += sum.fds;
		maps += sum.maps;
		kernel += sum.kernel;
		e = next;
	}
	printf(",\"totals\":{\"buffers\":%llu,\"bytes\":%llu,\"fds\":%llu,\"maps\":%llu,\"kernel\":%llu,"
	       "\"processes\":%u}}\n", buffers, bytes, fds, maps, kernel, processes);
	fflush(stdout);
}

/* Takes out the buffers that nobody holds any more, as churn leaves them; returns the new end. */
static struct entry *forget_freed(struct entry *buffers, struct entry *end)
{
	struct entry *to = buffers;
	struct sum sum;

	for (struct entry *e = buffers, *next; e < end; e = next) {
		next = (struct entry *)buffer_sum(e, end, &sum);
		if (e->kind != BUFFER)
			die("buffer %llu has references and is not in the ledger", (unsigned long long)e->ino);
		if (!sum.fds && !sum.maps && !sum.kernel)
			continue;
		memmove(to, e, (next - e) * sizeof(*e));
		to += next - e;
	}
	return to;
}

void ledger_print(const char *factory)
{
	struct entry *all = ledger->entries, *end = all + ledger->used, *buffers;
	const struct entry *e;
	const char *comma = "";
	struct sum sum;

	qsort(all, ledger->used, sizeof(*all), entry_compare);
	for (buffers = all; buffers < end && buffers->kind == PROCESS; )
		buffers++;
	end = forget_freed(buffers, end);

	printf("{\"factory\":");
	print_string(factory);
	if (opt.totals) {
		print_totals(buffers, end, buffers - all);
		return;
	}
	printf(",\"buffers\":[");
	for (e = buffers; e < end; comma = ",") {
		const struct entry *next = buffer_sum(e, end, &sum);

		printf("%s", comma);
		print_buffer(e, next, &sum);
		e = next;
	}
	printf("],\"holders\":[");
	comma = "";
	for (e = buffers; e < end; ) {
		if (!e->pid) {
			e++;
			continue;
		}
		printf("%s", comma);
		e = print_holder(e, end, comm_of(all, end, e->pid));
		comma = ",";
	}
	printf("],\"pids\":[");
	comma = "";
	for (e = all; e < buffers; e++, comma = ",")
		printf("%s%d", comma, e->pid);
	printf("]}\n");
	fflush(stdout);
}
