// SPDX-License-Identifier: GPL-2.0
/* A recording as a source: its snapshots as they were, and the names of its machine. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recording/recording.h"
#include "source/recorded_state.h"
#include "source/source.h"

struct recording_source {
	struct recording *recording;
	uint32_t at;			/* the next snapshot */
	struct index names;		/* by key(): place in texts */
	const char **texts;
	uint32_t n_texts, room_texts;
	struct intern strings;
	struct recorded_state *state;	/* NULL: nobody has asked yet */
	char why[256], lacks[256];
};

static uint64_t key(unsigned int kind, uint64_t number)
{
	return (number + 1) * 0x9e3779b97f4a7c15u ^ kind;
}

static int take_name(void *ctx, const struct recording_name *name)
{
	struct recording_source *own = ctx;
	const char *text = name->text;
	uint64_t number = name->number;

	if (name->kind == RECORDING_DEVICE_NODES) {
		number = hash_string(name->text);
		text = recording_second(name);
	}
	if (!text)
		return 0;
	text = intern(&own->strings, text, strlen(text));
	if (!text || array_append(&own->texts, &own->n_texts, &own->room_texts, &text,
				  sizeof(text)))
		return -ENOMEM;
	return index_put(&own->names, key(name->kind, number), own->n_texts - 1);
}

static const char *name_of(struct source *s, unsigned int kind, uint64_t number)
{
	const struct recording_source *own = s->own;
	uint32_t i = index_get(&own->names, key(kind, number));

	return i == INDEX_NONE ? NULL : own->texts[i];
}

static const char *cgroup(struct source *s, uint64_t id)
{
	return name_of(s, RECORDING_CGROUP, id);
}

static const char *node(struct source *s, uint32_t rdev)
{
	if (rdev & RECORDED_NODE)
		return name_of(s, RECORDING_NODE, rdev & ~RECORDED_NODE);
	return name_of(s, RECORDING_RDEV, rdev);
}

static const char *nodes(struct source *s, const char *device)
{
	return name_of(s, RECORDING_DEVICE_NODES, hash_string(device));
}

static int snapshot(struct source *s, struct records *records)
{
	struct recording_source *own = s->own;
	struct recording_snapshot got;
	int err;

	if (own->at >= recording_snapshots(own->recording)) {
		snprintf(s->error, sizeof(s->error), "the recording has no snapshot");
		return -ENODATA;
	}
	err = recording_read_snapshot(own->recording, own->at, &got);
	if (err) {
		snprintf(s->error, sizeof(s->error), "snapshot %u of %u: %s", own->at + 1,
			 recording_snapshots(own->recording), err == -EBADMSG ? "damaged" :
			 err == -ENOTSUP ? "this build cannot decompress it" : strerror(-err));
		return err;
	}
	s->sees = got.sees;
	snprintf(own->lacks, sizeof(own->lacks), "%s", got.lacks ? got.lacks : "");
	s->lacks = *own->lacks ? own->lacks : NULL;
	s->time = got.realtime / 1e9;
	/* None of nothing is no failure */
	return got.len ? records_add(records, got.records, got.len) : 0;
}

/* The operations at the last snapshot. */
static int go(struct source *s)
{
	struct recording_source *own = s->own;

	if (!own->state)
		own->state = recorded_state_new(own->recording);
	return own->state ? recorded_state_go(own->state, own->at) : -ENOMEM;
}

/* A recording with hooks names them, even without events. */
static const char *watch(struct source *s, uint32_t what)
{
	const struct recording_source *own = s->own;

	return recording_text(own->recording, "hooks") ? NULL : "the recording has no events";
}

static int state(struct source *s, struct records *records)
{
	return go(s) ?: recorded_state_add(((struct recording_source *)s->own)->state, records);
}

static int operations(struct source *s, struct model_operations *operations)
{
	const struct recording_source *own = s->own;
	int err = go(s);

	if (err)
		return err;
	s->lost = recorded_state_lost(own->state);
	return recorded_state_operations(own->state, operations);
}

static void close_recording(struct source *s)
{
	struct recording_source *own = s->own;

	recorded_state_free(own->state);
	recording_close(own->recording);
	index_free(&own->names);
	free(own->texts);
	intern_free(&own->strings);
	free(own);
}

const struct source_ops source_recording = {
	.name = "recording",
	.summary = "a file of dmabuf-trace record",
	.snapshot = snapshot,
	.cgroup = cgroup,
	.node = node,
	.nodes = nodes,
	.watch = watch,
	.state = state,
	.operations = operations,
	.close = close_recording,
};

static void take_text(char *to, size_t room, const struct recording *r, const char *key)
{
	const char *text = recording_text(r, key);

	snprintf(to, room, "%s", text ? text : "");
}

static int probe(struct recording_source *own)
{
	int err = recording_probe(own->recording);
	const char *damage = recording_damage(own->recording);

	if (err == -EBADMSG || err == -ENOTSUP)
		snprintf(own->why, sizeof(own->why), "no part of the recording is readable: %s",
			 damage ? damage : "the snapshots are damaged");
	return err;
}

int source_open_recording(struct source *s, const char *path)
{
	struct recording_source *own = calloc(1, sizeof(*own));
	int err = own ? 0 : -ENOMEM;

	memset(s, 0, sizeof(*s));
	err = err ?: recording_open(&own->recording, path, own->why, sizeof(own->why)) ?:
	      recording_survey(own->recording, take_name, own) ?: probe(own);
	if (err) {
		snprintf(s->error, sizeof(s->error), "%.4095s: %.150s", path,
			 own && *own->why ? own->why : strerror(-err));
		if (own) {
			s->own = own;
			close_recording(s);
			s->own = NULL;
		}
		return err;
	}
	s->own = own;
	s->ops = &source_recording;
	take_text(s->host, sizeof(s->host), own->recording, "host");
	take_text(s->release, sizeof(s->release), own->recording, "release");
	s->memory = recording_head(own->recording)->memory;
	s->recorded = recording_text(own->recording, "source");
	if (!s->recorded)
		s->recorded = "recording";
	return 0;
}

bool source_is_recording(const struct source *s)
{
	return s->ops == &source_recording;
}

struct recording *source_file(const struct source *s)
{
	return ((struct recording_source *)s->own)->recording;
}

uint32_t source_moments(const struct source *s)
{
	return recording_snapshots(source_file(s));
}

uint32_t source_moment(const struct source *s)
{
	return ((struct recording_source *)s->own)->at;
}

bool source_choose(struct source *s, int64_t moment)
{
	if (moment < 0 || moment >= source_moments(s))
		return false;
	((struct recording_source *)s->own)->at = moment;
	return true;
}

double source_time_of(const struct source *s, uint32_t moment)
{
	const struct recording *r = source_file(s);

	return (int64_t)(recording_snapshot_time(r, moment) +
			 (uint64_t)recording_head(r)->realtime) / 1e9;
}

uint32_t source_moment_at(const struct source *s, double time)
{
	uint32_t n = source_moments(s), i = 1;

	while (i < n && source_time_of(s, i) <= time)
		i++;
	return i - 1;
}

const char *source_damage(const struct source *s)
{
	return recording_damage(source_file(s));
}

const char *source_unknown(const struct source *s)
{
	return recording_unknown(source_file(s));
}
