// SPDX-License-Identifier: GPL-2.0
/*
 * The Trace Event Format ("Trace Event Format", Google, 2016), JSON that chrome://tracing and
 * Perfetto read. A track is a thread of an artificial process; the parent track is the process.
 */
#include <errno.h>
#include <inttypes.h>

#include "output/json.h"
#include "output/timeline.h"

/* Above all real process ids (PID_MAX_LIMIT is 2^22) */
#define MADE_UP 10000000

/* Microseconds since the start: exact, and small enough for readers with doubles. */
static struct json_object *duration_object(uint64_t ns)
{
	char digits[32];

	snprintf(digits, sizeof(digits), "%" PRIu64 ".%03u", ns / 1000, (unsigned int)(ns % 1000));
	return json_object_new_double_s(ns / 1e3, digits);
}

static struct json_object *time_object(const struct timeline *t, uint64_t ns)
{
	return duration_object(ns > t->about.start ? ns - t->about.start : 0);
}

/* Return an event with the common members; args: set to the last member, NULL: none. */
static struct json_object *event(const char *phase, const char *name, int64_t pid, int64_t tid,
				 struct json_object **args)
{
	struct json_object *o = json_object_new_object();

	if (args)
		*args = json_object_new_object();
	if (!o || (args && !*args)) {
		json_object_put(o);
		json_object_put(args ? *args : NULL);
		return NULL;
	}
	json_add(o, "ph", json_object_new_string(phase));
	json_add(o, "name", json_string(name));
	json_add(o, "pid", json_object_new_int64(pid));
	json_add(o, "tid", json_object_new_int64(tid));
	return o;
}

static int put(struct timeline *t, struct json_object *o)
{
	int err;

	fputs(t->begun ? ",\n" : "\n", t->out);
	t->begun = true;
	err = json_write(t->out, o);
	json_object_put(o);
	return err;
}

static int begin(struct timeline *t, const struct timeline_about *about)
{
	t->about = *about;
	fprintf(t->out, "{\"displayTimeUnit\":\"ns\",\"otherData\":{\"start\":%" PRId64
		",\"clock\":\"CLOCK_REALTIME ns\"},\"traceEvents\":[",
		(int64_t)(about->start + (uint64_t)about->realtime));
	return 0;
}

static int name_it(struct timeline *t, const char *what, const char *name, int64_t pid, int64_t tid)
{
	struct json_object *args, *o = event("M", what, pid, tid, &args);

	if (!o)
		return -ENOMEM;
	json_add(args, "name", json_string(name));
	json_add(o, "args", args);
	return put(t, o);
}

/* A track is a thread; a track without a parent is also a process. */
static int64_t process_of(uint64_t parent, uint64_t id)
{
	return MADE_UP + (int64_t)(parent ? parent : id);
}

static int track(struct timeline *t, const struct timeline_track *track)
{
	int64_t process = process_of(track->parent, track->id);

	if (track->counter)
		return 0;
	if (track->pid)
		return name_it(t, "process_name", track->name, track->pid, track->pid);
	return (track->parent ? 0 : name_it(t, "process_name", track->name, process, 0)) ?:
	       name_it(t, "thread_name", track->name, process, track->id);
}

static int put_flow(struct timeline *t, const struct timeline_slice *s, int64_t pid)
{
	struct json_object *o = event(s->flow_ends ? "f" : "s", "flow", pid, s->track,
				      NULL);

	if (!o)
		return -ENOMEM;
	json_add(o, "cat", json_object_new_string("dmabuf"));
	json_add(o, "id", json_object_new_int64(s->flow));
	json_add(o, "ts", time_object(t, s->start));
	if (s->flow_ends)
		json_add(o, "bp", json_object_new_string("e"));
	return put(t, o);
}

static int slice(struct timeline *t, const struct timeline_slice *s)
{
	int64_t pid = process_of(s->parent, s->track);
	struct json_object *args, *o = event(s->moment ? "i" : "X", s->name, pid, s->track, &args);

	if (!o)
		return -ENOMEM;
	json_add(o, "cat", json_object_new_string("dmabuf"));
	json_add(o, "ts", time_object(t, s->start));
	if (s->moment)
		json_add(o, "s", json_object_new_string("t"));
	else
		json_add(o, "dur", duration_object(s->end - s->start));
	for (uint32_t i = 0; i < s->n_args; i++)
		json_add(args, s->args[i].name, s->args[i].string ? json_string(s->args[i].string) :
		    json_object_new_int64(s->args[i].number));
	json_add(o, "args", args);
	return put(t, o) ?: s->flow ? put_flow(t, s, pid) : 0;
}

static int counter(struct timeline *t, const struct timeline_track *track, uint64_t time,
		   uint64_t value)
{
	struct json_object *args, *o = event("C", track->name, track->pid, track->pid, &args);

	if (!o)
		return -ENOMEM;
	json_add(o, "ts", time_object(t, time));
	json_add(args, "bytes", json_object_new_int64(value));
	json_add(o, "args", args);
	return put(t, o);
}

static int end(struct timeline *t)
{
	fputs("\n]}\n", t->out);
	return ferror(t->out) ? -EIO : 0;
}

const struct timeline_ops timeline_chrome = { begin, track, slice, counter, end };
