// SPDX-License-Identifier: GPL-2.0
/*
 * Perfetto's trace format, by protobuf-c: a trace is packets, one after another, so that each is
 * written when it is made. perfetto.proto has those that there are here.
 */
#include "output/timeline.h"

#include <errno.h>
#include <stdlib.h>

#ifndef HAVE_PROTOBUF_C

static int begin(struct timeline *t, const struct timeline_about *about)
{
	return -ENOTSUP;
}

const struct timeline_ops timeline_perfetto = { .begin = begin };

#else

#include "perfetto.pb-c.c"		/* made from perfetto.proto by protoc-c */

#include "model/hash.h"
#include "output/text.h"

#define CATEGORY "dmabuf"
#define SEQUENCE 1
#define CLEARED 1			/* TracePacket.SEQ_INCREMENTAL_STATE_CLEARED */
#define MAX_ARGS 16

/* enum BuiltinClock */
enum { CLOCK_ID_REALTIME = 1, CLOCK_ID_MONOTONIC = 3, CLOCK_ID_BOOTTIME = 6 };

static int put(struct timeline *t, Perfetto__TracePacket *packet)
{
	Perfetto__TracePacket *packets[] = { packet };
	Perfetto__Trace trace = PERFETTO__TRACE__INIT;
	size_t len;

	packet->has_trusted_packet_sequence_id = 1;
	packet->trusted_packet_sequence_id = SEQUENCE;
	packet->has_sequence_flags = !t->begun;
	packet->sequence_flags = CLEARED;
	t->begun = true;
	/* A trace of one packet: traces one behind the other are a trace */
	trace.n_packet = 1;
	trace.packet = packets;
	len = perfetto__trace__get_packed_size(&trace);
	if (buffer_reserve(&t->packed, &t->room, len))
		return -ENOMEM;
	perfetto__trace__pack(&trace, (void *)t->packed);
	return fwrite(t->packed, len, 1, t->out) == 1 ? 0 : errno ? -errno : -EIO;
}

/* Perfetto's own clock, unless it is told otherwise, is this one. */
static uint64_t boottime(const struct timeline *t, uint64_t monotonic)
{
	return monotonic + t->about.boottime;
}

static int begin(struct timeline *t, const struct timeline_about *about)
{
	const struct { uint32_t id; uint64_t time; } all[] = {
		{ CLOCK_ID_MONOTONIC, about->start },
		{ CLOCK_ID_REALTIME, about->start + about->realtime },
		{ CLOCK_ID_BOOTTIME, about->start + about->boottime },
	};
	Perfetto__ClockSnapshot__Clock clocks[3], *places[3];
	Perfetto__ClockSnapshot snapshot = PERFETTO__CLOCK_SNAPSHOT__INIT;
	Perfetto__TracePacket packet = PERFETTO__TRACE_PACKET__INIT;

	t->about = *about;
	for (int i = 0; i < 3; i++) {
		perfetto__clock_snapshot__clock__init(&clocks[i]);
		clocks[i].has_clock_id = clocks[i].has_timestamp = 1;
		clocks[i].clock_id = all[i].id;
		clocks[i].timestamp = all[i].time;
		places[i] = &clocks[i];
	}
	snapshot.n_clocks = 3;
	snapshot.clocks = places;
	snapshot.has_primary_trace_clock = 1;
	snapshot.primary_trace_clock = CLOCK_ID_BOOTTIME;
	packet.clock_snapshot = &snapshot;
	return put(t, &packet);
}

static int track(struct timeline *t, const struct timeline_track *track)
{
	Perfetto__TrackDescriptor descriptor = PERFETTO__TRACK_DESCRIPTOR__INIT;
	Perfetto__ProcessDescriptor process = PERFETTO__PROCESS_DESCRIPTOR__INIT;
	Perfetto__CounterDescriptor counter = PERFETTO__COUNTER_DESCRIPTOR__INIT;
	Perfetto__TracePacket packet = PERFETTO__TRACE_PACKET__INIT;
	char name[TEXT_SAFE_ROOM(256)];

	text_utf8(name, sizeof(name), track->name);
	descriptor.has_uuid = 1;
	descriptor.uuid = track->id;
	descriptor.has_parent_uuid = track->parent != 0;
	descriptor.parent_uuid = track->parent;
	if (track->pid && !track->counter) {
		process.has_pid = 1;
		process.pid = track->pid;
		process.process_name = name;
		descriptor.process = &process;
	} else {
		descriptor.name = name;
	}
	if (track->counter) {
		counter.has_unit = 1;
		counter.unit = PERFETTO__COUNTER_DESCRIPTOR__UNIT__UNIT_SIZE_BYTES;
		descriptor.counter = &counter;
	}
	packet.track_descriptor = &descriptor;
	return put(t, &packet);
}

static int put_event(struct timeline *t, Perfetto__TrackEvent *event, uint64_t track,
		     Perfetto__TrackEvent__Type type, uint64_t time)
{
	Perfetto__TracePacket packet = PERFETTO__TRACE_PACKET__INIT;

	event->has_type = event->has_track_uuid = 1;
	event->type = type;
	event->track_uuid = track;
	packet.has_timestamp = 1;
	packet.timestamp = boottime(t, time);
	packet.track_event = event;
	return put(t, &packet);
}

/* What is known of it; the strings are safe in safe[]. */
static void set_args(Perfetto__TrackEvent *event, const struct timeline_slice *s,
		     Perfetto__DebugAnnotation *all, Perfetto__DebugAnnotation **places,
		     char safe[][TEXT_SAFE_ROOM(256)])
{
	uint32_t i;

	for (i = 0; i < s->n_args && i < MAX_ARGS; i++) {
		const struct timeline_arg *arg = &s->args[i];

		perfetto__debug_annotation__init(&all[i]);
		all[i].name = (char *)arg->name;
		if (arg->string) {
			text_utf8(safe[i], TEXT_SAFE_ROOM(256), arg->string);
			all[i].string_value = safe[i];
		} else {
			all[i].has_int_value = 1;
			all[i].int_value = arg->number;
		}
		places[i] = &all[i];
	}
	event->n_debug_annotations = i;
	event->debug_annotations = places;
}

static int slice(struct timeline *t, const struct timeline_slice *s)
{
	Perfetto__TrackEvent event = PERFETTO__TRACK_EVENT__INIT;
	Perfetto__TrackEvent last = PERFETTO__TRACK_EVENT__INIT;
	Perfetto__DebugAnnotation all[MAX_ARGS], *places[MAX_ARGS];
	char name[TEXT_SAFE_ROOM(256)], safe[MAX_ARGS][TEXT_SAFE_ROOM(256)];
	char *categories[] = { CATEGORY };
	uint64_t flow = s->flow;
	int err;

	text_utf8(name, sizeof(name), s->name);
	event.name = name;
	event.n_categories = 1;
	event.categories = categories;
	set_args(&event, s, all, places, safe);
	if (flow && s->flow_ends) {
		event.n_terminating_flow_ids = 1;
		event.terminating_flow_ids = &flow;
	} else if (flow) {
		event.n_flow_ids = 1;
		event.flow_ids = &flow;
	}
	if (s->moment)
		return put_event(t, &event, s->track, PERFETTO__TRACK_EVENT__TYPE__TYPE_INSTANT,
				 s->start);
	err = put_event(t, &event, s->track, PERFETTO__TRACK_EVENT__TYPE__TYPE_SLICE_BEGIN,
			s->start);
	return err ? err : put_event(t, &last, s->track,
				     PERFETTO__TRACK_EVENT__TYPE__TYPE_SLICE_END, s->end);
}

static int counter(struct timeline *t, const struct timeline_track *track, uint64_t time,
		   uint64_t value)
{
	Perfetto__TrackEvent event = PERFETTO__TRACK_EVENT__INIT;

	event.has_counter_value = 1;
	event.counter_value = value;
	return put_event(t, &event, track->id, PERFETTO__TRACK_EVENT__TYPE__TYPE_COUNTER, time);
}

static int end(struct timeline *t)
{
	free(t->packed);
	t->packed = NULL;
	t->room = 0;
	return ferror(t->out) ? -EIO : 0;
}

const struct timeline_ops timeline_perfetto = { begin, track, slice, counter, end };

#endif
