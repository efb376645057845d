// SPDX-License-Identifier: GPL-2.0
/*
 * A recording of known events without a kernel: recording FILE EVENTS [LEVEL]. In rounds, each of 8
 * processes exports a buffer, attaches two devices to it, which map it, one inside the other's call
 * and one across its end, accesses it by the CPU and lets it go. Prints what it made as JSON.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dmabuf_events.h"
#include "dmabuf_snapshot.h"
#include "model/event.h"
#include "recording/recording.h"

#define PROCESSES 8
#define SIZE(i) (4096ull * (1 + (i) % 23))
#define FIRST_PID 4001
#define START 1000000000000ull		/* CLOCK_MONOTONIC, ns */
#define REALTIME 1700000000000000000ll	/* less that */
#define SNAPSHOT_EVERY 4096		/* rounds */

struct made {
	struct recording_writer *writer;
	uint64_t time;			/* ns */
	uint64_t left;			/* events that may still be made */
	uint64_t counts[EVENT_TYPES], durations[EVENT_TYPES], events, bytes;
	uint32_t attachments;
	int err;
};

static void put(struct made *m, struct dmabuf_event e, uint64_t at)
{
	if (m->err || !m->left)
		return;
	m->left--;
	e.time = at;
	e.cpu = e.tid & 1;
	m->err = recording_add_events(m->writer, &e, sizeof(e), 0);
	m->events++;
	m->counts[e.type]++;
	if (e.type == EVENT_EXPORT)
		m->bytes += e.value;
	else if (e.type >= EVENT_ATTACH && e.type <= EVENT_END)
		m->durations[e.type] += e.value;
}

static void put_task(struct made *m, uint32_t i)
{
	struct dmabuf_event_task task = {
		.time = m->time, .tid = FIRST_PID + i, .pid = FIRST_PID + i, .type = EVENT_TASK,
	};

	snprintf(task.comm, sizeof(task.comm), "camera-%u", i);
	m->err = recording_add_events(m->writer, &task, sizeof(task), 0);
}

/* All that happens to one buffer, in the order in which it ends. */
static void live(struct made *m, uint64_t ino, uint32_t who)
{
	struct dmabuf_event e = { .ino = ino, .tid = FIRST_PID + who, .flags = 3 };
	struct dmabuf_event call = e, access = e;
	uint32_t first = ++m->attachments, second = ++m->attachments, other;
	uint64_t t = m->time;

	other = FIRST_PID + (who + 1) % PROCESSES;
	e.type = EVENT_EXPORT;
	e.value = SIZE(ino);
	e.device = 1;
	e.node = 1;
	put(m, e, t);
	e.device = e.node = 0;
	e.type = EVENT_FD;
	e.result = 5;
	put(m, e, t + 1);
	e.result = 0;
	call.type = EVENT_ATTACH;
	call.value = 100;
	call.attachment = first;
	call.device = 1;
	put(m, call, t + 200);
	call.attachment = second;
	call.device = 2;
	put(m, call, t + 301);
	/* The camera writes; the display's map begins within that, and ends after it */
	call = (struct dmabuf_event){ .ino = ino, .tid = FIRST_PID + who, .type = EVENT_FENCE_WAIT,
				      .flags = 3, .value = 300 };
	put(m, call, t + 900);
	call = (struct dmabuf_event){ .ino = ino, .tid = FIRST_PID + who, .type = EVENT_MAP,
				      .flags = 2, .value = 600, .wait = 300, .attachment = first,
				      .device = 1 };
	put(m, call, t + 1000);
	call.type = EVENT_UNMAP;
	call.value = 50;
	call.wait = 0;
	put(m, call, t + 1100);
	call = (struct dmabuf_event){ .ino = ino, .tid = other, .type = EVENT_MAP, .flags = 1,
				      .value = 500 + ino % 7, .attachment = second, .device = 2 };
	put(m, call, t + 1400);
	call.type = EVENT_UNMAP;
	call.value = 40;
	put(m, call, t + 1500);
	access.type = EVENT_BEGIN;
	access.flags = 2;
	access.value = 30;
	put(m, access, t + 1600);
	access.type = EVENT_END;
	put(m, access, t + 1700);
	call.type = EVENT_DETACH;
	call.flags = 3;
	call.value = 20;
	put(m, call, t + 1800);
	call.attachment = first;
	call.device = 1;
	put(m, call, t + 1900);
	e.type = EVENT_RELEASE;
	e.value = SIZE(ino);
	put(m, e, t + 2000);
	m->time += 2003;
}

/* Two buffers of the first process, which were there before; at the end it is another program. */
static void put_snapshot(struct made *m)
{
	struct {
		struct snap_buffer buffers[2];
		struct snap_slot fds[2];
	} s;
	const struct recording_moment moment = { .realtime = REALTIME + m->time, .sees = ~0u };
	int i;

	memset(&s, 0, sizeof(s));
	for (i = 0; i < 2; i++) {
		struct snap_buffer *b = &s.buffers[i];
		struct snap_slot *fd = &s.fds[i];

		b->head = (struct snap_head){ SNAP_BUFFER, sizeof(*b), 0x7f };
		b->ino = i + 1;
		b->size = 1 << 20;
		b->count = 1;
		b->created = 1699999000;
		strcpy(b->exporter, "system");
		fd->head = (struct snap_head){ SNAP_FD, sizeof(*fd), 0 };
		fd->ino = i + 1;
		fd->table = 7;
		fd->start = 3 + i;
		fd->pid = FIRST_PID;
		strcpy(fd->comm, m->left ? "camera-0" : "camera-app");
	}
	if (!m->err)
		m->err = recording_add_snapshot(m->writer, m->time, &moment, NULL, &s, sizeof(s));
}

int main(int argc, char **argv)
{
	static const char *const texts[] = { "release=6.12.0", "host=bench", "machine=x86_64",
					     "source=bpf:iter", "hooks=kprobe", NULL };
	const struct recording_about about = { .realtime = REALTIME, .start = START,
					       .memory = 1ull << 33, .texts = texts };
	struct recording_options options = { .compress = argc > 3 ? atoi(argv[3]) : 0 };
	struct made m = { .time = START, .left = argc > 2 ? strtoull(argv[2], NULL, 10) : 0 };
	int fd = argc > 2 ? open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;
	uint64_t ino;
	uint32_t i;

	if (fd < 0 || recording_create(&m.writer, fd, &about, &options)) {
		fputs("recording FILE EVENTS [LEVEL]\n", stderr);
		return 1;
	}
	m.err = recording_add_name(m.writer, RECORDING_EXPORTER, 1, "system", NULL);
	recording_add_name(m.writer, RECORDING_NODE, 1, "/dev/dma_heap/system", NULL);
	recording_add_name(m.writer, RECORDING_DEVICE, 1, "camera.0", NULL);
	recording_add_name(m.writer, RECORDING_DEVICE, 2, "display.0", NULL);
	for (i = 0; i < PROCESSES; i++)
		put_task(&m, i);
	put_snapshot(&m);
	for (ino = 10; m.left && !m.err; ino++) {
		live(&m, ino, ino % PROCESSES);
		if (ino % SNAPSHOT_EVERY == 0)
			put_snapshot(&m);
	}
	put_snapshot(&m);
	if (!m.err)
		m.err = recording_finish(m.writer, "done");
	recording_free(m.writer);
	printf("{\"events\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"start\":%llu,\"counts\":{", m.events,
	       m.bytes, (unsigned long long)(START + REALTIME));
	for (i = 0; i < EVENT_TYPES; i++)
		printf("%s\"%s\":%" PRIu64, i ? "," : "", event_name(i), m.counts[i]);
	fputs("},\"durations\":{", stdout);
	for (i = 0; i < EVENT_TYPES; i++)
		printf("%s\"%s\":%" PRIu64, i ? "," : "", event_name(i), m.durations[i]);
	puts("}}");
	return m.err ? 1 : 0;
}
