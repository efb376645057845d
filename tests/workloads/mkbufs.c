// SPDX-License-Identifier: GPL-2.0
/*
 * mkbufs: makes an exact, known set of dma-bufs, prints it as one line of JSON, and waits
 * for a line on stdin. What a test compares the tools with.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "mkbufs.h"

static const struct factory factories[] = {
	{ "plain", make_plain, 23, 0, "N buffers with one fd each" },
	{ "plain-map", make_plain_map, 23, 0, "one fd and one mapping each" },
	{ "dup", make_dup, 23, 0, "one buffer with N fds" },
	{ "map-only", make_map_only, 23, 0, "fd closed; one, two, or one mapping split in three" },
	{ "passed", make_passed, 23, 0, "made by a child, sent to another, closed by the sender" },
	{ "inflight", make_inflight, 23, 0, "sent, not yet received, closed by the sender" },
	{ "fork", make_fork, 23, 3, "inherited by P children (--map: mapped too)" },
	{ "shared", make_shared, 23, 3, "sent to P processes" },
	{ "clone-files", make_clone_files, 23, 0, "two processes share one fd table" },
	{ "clone-vm", make_clone_vm, 23, 0, "two processes share one address space" },
	{ "threads", make_threads, 23, 3, "P threads share the fd table, one more has its own and 3 more buffers" },
	{ "zombie-leader", make_zombie_leader, 23, 0, "a child maps them and leaves them to a thread, half without an fd" },
	{ "udmabuf", make_udmabuf, 23, 0, "from sealed memfds, which stay open" },
	{ "kernel-only", make_kernel_only, 23, 0, "vgem exports, handle kept, fd closed" },
	{ "vgem-export", make_vgem_export, 23, 0, "vgem exports, handle kept" },
	{ "vgem-import", make_vgem_import, 23, 0, "imported by vgem" },
	{ "virtio-gpu", make_virtio_gpu, 23, 0, "virtio-gpu exports, imported by vgem" },
	{ "vivid", make_vivid, 4, 0, "vivid capture buffers, queued at a vivid output" },
	{ "vivid-stream", make_vivid_stream, 4, 0, "the same, streaming" },
	{ "vivid-frames", make_vivid_frames, 4, 0, "as vivid, 101 frames of it" },
	{ "vivid-heap", make_vivid_heap, 3, 0, "heap buffers, 101 frames from vivid's capture to its output" },
	{ "vivid-closed", make_vivid_closed, 4, 0, "as vivid, all fds closed: only its output holds them" },
	{ "gem-many", make_gem_many, 1009, 0, "vgem exports, all handles in one DRM file, fds closed" },
	{ "gem-files", make_gem_files, 23, 0, "held by vgem handles in five DRM files, or three of the exporter's" },
	{ "gem-shared", make_gem_shared, 23, 2, "vgem handles in a DRM file that P children inherit" },
	{ "handle-first", make_handle_first, 23, 0, "GEM handles closed before the fd, the last one or one of two" },
	{ "inflight-twice", make_inflight_twice, 23, 0, "each twice in one message, or in two of one socket" },
	{ "inflight-queue", make_inflight_queue, 23, 0, "a stream socket with N messages, one buffer each" },
	{ "inflight-socket", make_inflight_socket, 23, 0, "queued in a socket that is in flight itself" },
	{ "inflight-half", make_inflight_half, 23, 0, "queued, the sending socket closed" },
	{ "inflight-dgram", make_inflight_dgram, 23, 3, "P processes sent them to one datagram socket" },
	{ "inflight-backlog", make_inflight_backlog, 23, 0, "sent over a connection that nobody has accepted" },
	{ "inflight-netns", make_inflight_netns, 23, 0, "queued in another network namespace, half in a socket in flight" },
	{ "io-uring", make_io_uring, 23, 3, "registered with a ring that P children inherit, some twice, most fds closed" },
	{ "io-uring-mapped", make_io_uring_mapped, 23, 0, "registered with a ring that only a mapping holds" },
	{ "framebuffer", make_framebuffer, 11, 0, "virtio-gpu exports with framebuffers, handle or fd closed" },
	{ "many", make_many, 997, 7, "an fd and a mapping each, spread over P processes" },
	{ "churn", make_churn, 0, 32, "P processes make, dup, send, map, close for -d seconds (0: until a line), then rest" },
	{ "churn-refs", make_churn_refs, 0, 8, "the same with GEM handles; rests with messages in flight" },
	{ "hostile", make_hostile, 1, 0, "one buffer for each name that could hurt a terminal or a parser" },
};
#define FACTORIES	(sizeof(factories) / sizeof(factories[0]))

struct options opt = { .exporter = "auto", .size = 64 << 10, .seconds = 5, .uid = -1 };

void die(const char *fmt, ...)
{
	va_list ap;

	fputs("mkbufs: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	_exit(1);
}

void skip(const char *fmt, ...)
{
	va_list ap;

	fputs("SKIP ", stdout);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	exit(77);
}

void modprobe(const char *module, const char *parameter)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (!pid) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		execl("/sbin/modprobe", "modprobe", "-q", module, parameter, NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

static const struct factory *factory_find(const char *name)
{
	for (size_t i = 0; i < FACTORIES; i++)
		if (!strcmp(factories[i].name, name))
			return &factories[i];
	return NULL;
}

static void list(void)
{
	for (size_t i = 0; i < FACTORIES; i++)
		printf("%-16s  %s\n", factories[i].name, factories[i].help);
}

static void usage(void)
{
	fprintf(stderr,
		"usage: mkbufs [-n COUNT] [-s SIZE] [-P PROCS] [-d SECONDS] [-x EXPORTER] [-u UID]\n"
		"              [--name STR] [--map] [--totals] FACTORY\n"
		"       mkbufs --list\n"
		"EXPORTER is auto, heap, udmabuf, vgem or virtio-gpu; STR takes C escapes (\\x1b)\n");
	exit(2);
}

static unsigned long number(const char *s)
{
	char *end;
	unsigned long n = strtoul(s, &end, 0);

	if (end == s)
		usage();
	if (*end == 'K' || *end == 'M')
		n <<= *end++ == 'K' ? 10 : 20;
	if (*end)
		usage();
	return n;
}

/* Undoes C escapes in place: what cannot stand on a command line can be asked for. */
static const char *unescape(char *s)
{
	static const char from[] = "abefnrtv", to[] = "\a\b\033\f\n\r\t\v";
	char *in = s, *out = s;

	while (*in) {
		const char *known;

		if (*in != '\\' || !in[1]) {
			*out++ = *in++;
			continue;
		}
		in++;
		if (*in == 'x') {
			char digits[3] = { 0 };

			memcpy(digits, in + 1, strnlen(in + 1, 2));
			*out++ = strtoul(digits, NULL, 16);
			in += 1 + strlen(digits);
			continue;
		}
		known = strchr(from, *in);
		*out++ = known ? to[known - from] : *in;
		in++;
	}
	*out = '\0';
	return s;
}

void wait_told(void)
{
	int c;

	do {
		c = getchar();
	} while (c != '\n' && c != EOF);
}

static void parse(int argc, char **argv)
{
	enum { NAME = 256, MAP, TOTALS, LIST };
	static const struct option options[] = {
		{ "name", required_argument, NULL, NAME },
		{ "map", no_argument, NULL, MAP },
		{ "totals", no_argument, NULL, TOTALS },
		{ "list", no_argument, NULL, LIST },
		{ }
	};
	size_t page = sysconf(_SC_PAGESIZE);
	int c;

	while ((c = getopt_long(argc, argv, "n:s:P:d:x:u:", options, NULL)) != -1) {
		switch (c) {
		case 'n':
			opt.count = number(optarg);
			break;
		case 's':
			opt.size = number(optarg);
			break;
		case 'P':
			opt.procs = number(optarg);
			break;
		case 'd':
			opt.seconds = atof(optarg);
			break;
		case 'x':
			opt.exporter = optarg;
			break;
		case 'u':
			opt.uid = number(optarg);
			break;
		case NAME:
			opt.name = unescape(optarg);
			if (strlen(opt.name) > NAME_LEN)
				die("--name: a buffer's name has at most %d bytes", NAME_LEN);
			break;
		case MAP:
			opt.map = true;
			break;
		case TOTALS:
			opt.totals = true;
			break;
		case LIST:
			list();
			exit(0);
		default:
			usage();
		}
	}
	/* Exporters round up to pages, so the size is known only in pages. */
	opt.size = (opt.size + page - 1) / page * page;
	if (!opt.size || optind != argc - 1)
		usage();
}

/* Room for every fd, in every process; root may raise the hard limit. */
static void raise_fd_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r))
		die("getrlimit: %s", strerror(errno));
	if (r.rlim_max < opt.count + 1024)
		r.rlim_max = opt.count + 1024;
	r.rlim_cur = r.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &r))
		die("RLIMIT_NOFILE of %lu: %s", (unsigned long)r.rlim_max, strerror(errno));
}

int main(int argc, char **argv)
{
	const struct factory *f;

	parse(argc, argv);
	f = factory_find(argv[optind]);
	if (!f)
		die("no factory %s; mkbufs --list names them", argv[optind]);
	if (!opt.count)
		opt.count = f->count;
	if (!opt.procs)
		opt.procs = f->procs;
	raise_fd_limit();
	ledger_init();

	f->make();
	if (opt.uid >= 0 && geteuid() != opt.uid)
		die("-u does not work with %s", f->name);
	wait_ready();
	ledger_process();
	ledger_print(f->name);

	wait_told();
	stop_children();
	return 0;
}
