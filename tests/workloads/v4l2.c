// SPDX-License-Identifier: GPL-2.0
/*
 * Pipelines of mkbufs: vivid's capture allocates and exports the buffers, vivid's output imports
 * them; or a heap makes them and both import. By default vivid allocates with vmalloc and never
 * attaches, so it is loaded with allocators=1,1 (dma-contig) as a real driver would be.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <linux/videodev2.h>

#include "mkbufs.h"

/* A size that both the webcam input and every output can do. YUYV has 2 bytes per pixel. */
#define WIDTH		640
#define HEIGHT		360
#define IMAGE_SIZE	(WIDTH * HEIGHT * 2)

static int capture, output;

static void v4l2(int fd, unsigned long request, void *arg, const char *what)
{
	if (ioctl(fd, request, arg))
		die("%s on vivid's %s: %s", what, fd == capture ? "capture" : "output", strerror(errno));
}
#define V4L2(fd, request, arg) v4l2(fd, request, arg, #request)

static int vivid_find(uint32_t capability)
{
	for (int i = 0; i < 64; i++) {
		struct v4l2_capability cap;
		char path[32];
		int fd;

		snprintf(path, sizeof(path), "/dev/video%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0)
			continue;
		if (!ioctl(fd, VIDIOC_QUERYCAP, &cap) && !strcmp((char *)cap.driver, "vivid") &&
		    cap.device_caps & capability)
			return fd;
		close(fd);
	}
	return -1;
}

static void vivid_open(void)
{
	char allocators[4] = "";
	int fd;

	modprobe("vivid", "allocators=1,1");
	capture = vivid_find(V4L2_CAP_VIDEO_CAPTURE);
	output = vivid_find(V4L2_CAP_VIDEO_OUTPUT);
	if (capture < 0 || output < 0)
		skip("no vivid module");
	fd = open("/sys/module/vivid/parameters/allocators", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, allocators, 3) != 3 || strncmp(allocators, "1,", 2))
		skip("vivid was loaded without allocators=1,1 and never attaches: unload it");
	close(fd);
}

static void set_format(int fd, enum v4l2_buf_type type)
{
	struct v4l2_format f = {
		.type = type,
		.fmt.pix = {
			.width = WIDTH, .height = HEIGHT,
			.pixelformat = V4L2_PIX_FMT_YUYV, .field = V4L2_FIELD_NONE,
		},
	};

	V4L2(fd, VIDIOC_S_FMT, &f);
	if (f.fmt.pix.width != WIDTH || f.fmt.pix.height != HEIGHT ||
	    f.fmt.pix.sizeimage != IMAGE_SIZE)
		die("vivid's %s offers %ux%u, %u bytes, not %ux%u YUYV", fd == capture ? "capture" : "output",
		    f.fmt.pix.width, f.fmt.pix.height, f.fmt.pix.sizeimage, WIDTH, HEIGHT);
}

static void request_buffers(int fd, enum v4l2_buf_type type, enum v4l2_memory memory)
{
	struct v4l2_requestbuffers r = { .count = opt.count, .type = type, .memory = memory };

	V4L2(fd, VIDIOC_REQBUFS, &r);
	if (r.count < opt.count)
		die("VIDIOC_REQBUFS gives %u of %u buffers: at most 32 work", r.count, opt.count);
	opt.count = r.count;
}

static int fds[VIDEO_MAX_FRAME];
static enum v4l2_memory capture_memory = V4L2_MEMORY_MMAP;

static void queue_capture(unsigned int i)
{
	struct v4l2_buffer b = {
		.index = i, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = capture_memory,
	};

	if (capture_memory == V4L2_MEMORY_DMABUF)
		b.m.fd = fds[i];
	V4L2(capture, VIDIOC_QBUF, &b);
}

static void queue_output(unsigned int i)
{
	struct v4l2_buffer b = {
		.index = i, .type = V4L2_BUF_TYPE_VIDEO_OUTPUT, .memory = V4L2_MEMORY_DMABUF,
		.field = V4L2_FIELD_NONE, .m.fd = fds[i], .bytesused = IMAGE_SIZE,
		.length = IMAGE_SIZE,
	};

	V4L2(output, VIDIOC_QBUF, &b);
}

/*
 * Index i of the capture is index i of the output, whatever happens later. An import's reference
 * is vb2_plane.dbuf, from QBUF until another buffer takes the index; for an export vb2 keeps none.
 */
static void allocate(bool keep_fds)
{
	size_t page = sysconf(_SC_PAGESIZE);

	vivid_open();
	set_format(capture, V4L2_BUF_TYPE_VIDEO_CAPTURE);
	set_format(output, V4L2_BUF_TYPE_VIDEO_OUTPUT);
	request_buffers(capture, V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_MEMORY_MMAP);
	request_buffers(output, V4L2_BUF_TYPE_VIDEO_OUTPUT, V4L2_MEMORY_DMABUF);
	for (unsigned int i = 0; i < opt.count; i++) {
		struct v4l2_exportbuffer e = {
			.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .index = i,
			.flags = O_RDWR | O_CLOEXEC,
		};
		struct buffer b;

		V4L2(capture, VIDIOC_EXPBUF, &e);
		fds[i] = e.fd;
		buffer_describe(&b, e.fd, "videobuf2_dma_contig", (IMAGE_SIZE + page - 1) / page * page);
		if (keep_fds)
			ledger_fd(e.fd, true);
		ledger_attach(b.ino, "vivid.0");
	}
}

/* Queued before the stream starts: attached and mapped, and nothing moves. */
void make_vivid(void)
{
	allocate(true);
	for (unsigned int i = 0; i < opt.count; i++)
		queue_output(i);
}

void make_vivid_closed(void)
{
	allocate(false);
	for (unsigned int i = 0; i < opt.count; i++) {
		queue_output(i);
		close(fds[i]);
	}
}

static int dequeue(int fd, enum v4l2_buf_type type, enum v4l2_memory memory)
{
	struct v4l2_buffer b = { .type = type, .memory = memory };

	if (!ioctl(fd, VIDIOC_DQBUF, &b))
		return b.index;
	if (errno != EAGAIN)
		die("VIDIOC_DQBUF: %s", strerror(errno));
	return -1;
}

/*
 * Every frame goes from the capture to the output and back: until the output was given as many as
 * *arg, or without end. The output keeps the last of them, until there is a next one.
 */
static void *stream(void *arg)
{
	bool seen[VIDEO_MAX_FRAME] = { false };
	unsigned int left = opt.count, given = 0, *end = arg;

	while (!end || given < *end) {
		struct pollfd p[] = {
			{ .fd = capture, .events = POLLIN }, { .fd = output, .events = POLLOUT },
		};
		int i;

		if (poll(p, 2, 120000) <= 0)
			die("vivid gives no frame for 120 s");
		i = dequeue(capture, V4L2_BUF_TYPE_VIDEO_CAPTURE, capture_memory);
		if (i >= 0) {
			queue_output(i);
			given++;
			/* From the first time on an index stays attached. */
			if (!seen[i] && !--left && !end)
				report_ready();
			seen[i] = true;
		}
		i = dequeue(output, V4L2_BUF_TYPE_VIDEO_OUTPUT, V4L2_MEMORY_DMABUF);
		if (i >= 0)
			queue_capture(i);
	}
	return arg;
}

/* As many frames a second; vivid's own are 5 at this size, and what the last user chose stays. */
static void start_streams(unsigned int frames)
{
	struct v4l2_streamparm rate = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.parm.capture.timeperframe = { 1, frames },
	};
	enum v4l2_buf_type capture_type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	enum v4l2_buf_type output_type = V4L2_BUF_TYPE_VIDEO_OUTPUT;
	unsigned int i;

	V4L2(capture, VIDIOC_S_PARM, &rate);
	for (i = 0; i < opt.count; i++)
		queue_capture(i);
	V4L2(capture, VIDIOC_STREAMON, &capture_type);
	V4L2(output, VIDIOC_STREAMON, &output_type);
}

void make_vivid_stream(void)
{
	pthread_t thread;

	allocate(true);
	/* QBUF looks the fd up each time and drops that reference again. */
	ledger_kernel_unsteady();
	start_streams(5);
	expect_ready();
	errno = pthread_create(&thread, NULL, stream, NULL);
	if (errno)
		die("pthread_create: %s", strerror(errno));
}

#define FRAMES	101	/* prime */

void make_vivid_frames(void)
{
	unsigned int frames = FRAMES;

	allocate(true);
	start_streams(60);
	stream(&frames);
}

/* So that there are pieces of a MiB, after whatever ran before. */
static void compact_memory(void)
{
	int fd = open("/proc/sys/vm/compact_memory", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1", 1) != 1)
		die("/proc/sys/vm/compact_memory: %s", strerror(errno));
	close(fd);
}

/*
 * The heap gives a whole MiB in one piece, as an output without an IOMMU needs it. So many frames
 * later all is over, and the buffers are still attached to both.
 */
void make_vivid_heap(void)
{
	unsigned int frames = FRAMES;

	compact_memory();
	opt.exporter = "heap";
	opt.size = 1 << 20;
	exporter_open();
	vivid_open();
	set_format(capture, V4L2_BUF_TYPE_VIDEO_CAPTURE);
	set_format(output, V4L2_BUF_TYPE_VIDEO_OUTPUT);
	capture_memory = V4L2_MEMORY_DMABUF;
	request_buffers(capture, V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_MEMORY_DMABUF);
	request_buffers(output, V4L2_BUF_TYPE_VIDEO_OUTPUT, V4L2_MEMORY_DMABUF);
	for (unsigned int i = 0; i < opt.count; i++) {
		struct buffer b;

		fds[i] = buffer_make(&b);
		ledger_fd(fds[i], true);
		ledger_attach(b.ino, "vivid.0");
		ledger_attach(b.ino, "vivid.0");
	}
	start_streams(60);
	stream(&frames);
}
