/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the files of mkbufs, the program that makes an exact, known set of dma-bufs.
 *
 * Three parts: exporters make one buffer, the ledger is told about every reference at the
 * moment when it is made, a factory puts the two together. Nothing here asks the kernel how
 * many references a buffer has: what the ledger prints is what the tools must find.
 */
#ifndef MKBUFS_H
#define MKBUFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define EXPORTER_LEN	32
#define DEVICE_LEN	32
#define NAME_LEN	31	/* DMA_BUF_NAME_LEN without its NUL */

struct options {
	unsigned int count;		/* -n: buffers (or what a factory scales by) */
	unsigned int procs;		/* -P: processes beside mkbufs */
	size_t size;			/* -s: bytes, a multiple of the page size */
	double seconds;			/* -d: how long churn runs */
	const char *exporter;		/* -x */
	const char *name;		/* --name, escapes undone; NULL: leave unnamed */
	bool map;			/* --map: fork maps them too */
	bool totals;			/* --totals: print sums only */
	long uid;			/* -u: who makes the buffers; -1: whoever runs us */
};
extern struct options opt;

struct factory {
	const char *name;
	void (*make)(void);
	unsigned int count;		/* default of -n: prime, so that a match means something */
	unsigned int procs;		/* default of -P */
	const char *help;
};

/* Says why on stderr and exits 1; in a child this makes the whole of mkbufs fail. */
void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* The target lacks something: prints "SKIP reason" and exits 77. Not for children. */
void skip(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
/*
 * Loads a module, with up to one parameter or NULL; it is for the caller to see whether that
 * helped.
 */
void modprobe(const char *module, const char *parameter);

/* Until a line on stdin. */
void wait_told(void);

/* ledger.c: append-only and shared by all processes of mkbufs */

struct buffer {
	uint64_t ino;
	uint64_t size;
	uint64_t created;		/* seconds since 1970 */
	uid_t uid;
	char exporter[EXPORTER_LEN];
	char name[NAME_LEN + 1];
	bool named;			/* false: no name; true and "": an empty one */
};

void ledger_init(void);
/* The calling process, under its present comm. */
void ledger_process(void);
void ledger_buffer(const struct buffer *b);
/*
 * The calling process holds fd, or one more mapping (one VMA) of a buffer. counts is false
 * where the table or the address space is shared and the slot was entered already.
 */
void ledger_fd(int fd, bool counts);
void ledger_map(uint64_t ino, bool counts);
/* It has a GEM handle, in a DRM file; counts as above, where the file is shared. */
void ledger_gem(uint64_t ino, uint32_t handle, bool counts);
/* It is registered with a ring of its own, or with one that it shares: counts as above. */
void ledger_io_uring(uint64_t ino, bool counts);
/* A framebuffer that it made of the buffer: no reference. */
void ledger_framebuffer(uint64_t ino, uint32_t id);
/*
 * One GEM object that refers to the buffer: each import has its own, the exporter's counts once.
 */
void ledger_object(uint64_t ino, bool imported);
/* One attached device, and the reference that its driver took. */
void ledger_attach(uint64_t ino, const char *device);
/* Once in a message that nobody has received. */
void ledger_in_flight(uint64_t ino);
/* Kernel references come and go by themselves: print them as unknown. */
void ledger_kernel_unsteady(void);
void ledger_print(const char *factory);

/* exporter.c */

/* Opens the exporter that -x asks for, once, for all children. Skips if there is none. */
void exporter_open(void);
/* One buffer of opt.size, in the ledger, named as --name says; its fd is the caller's. */
int buffer_make(struct buffer *b);
/* The same for a buffer that somebody else has exported. */
void buffer_describe(struct buffer *b, int fd, const char *exporter, uint64_t size);
void buffer_set_name(struct buffer *b, int fd, const char *name);
/* Maps a whole buffer and enters it as one mapping. */
void *buffer_map(const struct buffer *b, int fd);
uint64_t fd_ino(int fd);

/* drm.c */

/* A DRM device by its driver's name, its module loaded if need be; -1: there is none. */
int drm_open(const char *driver, const char *module);
/* A dumb buffer, exported: its fd. With handle NULL the GEM handle is closed again. */
int drm_export(int drm, size_t size, uint32_t *handle);
/* The handle of a buffer in a DRM file, imported if need be; what it adds is not in the ledger. */
uint32_t drm_import(int drm, int fd);
void drm_close(int drm, uint32_t handle);
int vgem_open(void);
/* The same, or skips. Each call is another DRM file. */
int vgem_need(void);
int virtio_gpu_open(void);
/* An exported buffer whose GEM handle stays, all in the ledger but the fd. */
int export_kept(int drm, const char *exporter, struct buffer *b, uint32_t *handle);
/* The same handle-wise for a buffer that there is: vgem's file refers to it. */
uint32_t vgem_hold(int vgem, const struct buffer *b, int fd);
/* What vgem_hold() enters: vgem's own objects are not imported. */
void ledger_vgem(const struct buffer *b, uint32_t handle);
/* An exporter for buffers that vgem must import. */
void foreign_exporter_open(void);

/* process.c */

/*
 * A child that runs body and is then parked until mkbufs ends: it dies with its parent.
 * clone_flags as in clone(2), 0 for a plain fork. A plain child inherits every fd and mapping,
 * so it is made before the buffers that it must not hold.
 */
pid_t spawn(int clone_flags, void (*body)(void *arg), void *arg);
/* A thread, or something else that calls report_ready(), will be waited for too. */
void expect_ready(void);
void report_ready(void);
/* Until every child and thread is parked. */
void wait_ready(void);
/* Kills and reaps all children. */
void stop_children(void);
void socket_pair(int sv[2]);
void send_fds(int sock, const int *fds, unsigned int n);
void recv_fds(int sock, int *fds, unsigned int n);

/* factories */

void make_plain(void);
void make_plain_map(void);
void make_dup(void);
void make_map_only(void);
void make_udmabuf(void);
void make_hostile(void);
void make_passed(void);
void make_inflight(void);
void make_fork(void);
void make_shared(void);
void make_clone_files(void);
void make_clone_vm(void);
void make_threads(void);
void make_zombie_leader(void);
void make_kernel_only(void);
void make_vgem_export(void);
void make_vgem_import(void);
void make_virtio_gpu(void);
void make_vivid(void);
void make_vivid_stream(void);
void make_vivid_closed(void);
void make_vivid_frames(void);
void make_vivid_heap(void);
void make_gem_many(void);
void make_gem_files(void);
void make_gem_shared(void);
void make_handle_first(void);
void make_inflight_twice(void);
void make_inflight_queue(void);
void make_inflight_socket(void);
void make_inflight_half(void);
void make_inflight_dgram(void);
void make_inflight_backlog(void);
void make_inflight_netns(void);
void make_io_uring(void);
void make_io_uring_mapped(void);
void make_framebuffer(void);
void make_many(void);
void make_churn(void);
void make_churn_refs(void);

#endif
