// SPDX-License-Identifier: GPL-2.0
/* Choose a source, and read snapshots until the rows agree; see source.h. */
#include "source/source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "clock.h"
#include "dmabuf_snapshot.h"
#include "model/model.h"
#include "source/users.h"
#include "source/names.h"

/* Readings of a snapshot at most, if references change meanwhile */
#define SNAPSHOT_TRIES 3

const struct source_ops *const source_all[] = {
	&source_bpf_iter, &source_bpf_task, &source_module, &source_proc, NULL,
};

static void describe_host(struct source *s)
{
	long pages = sysconf(_SC_PHYS_PAGES);
	struct utsname name;

	if (!uname(&name)) {
		snprintf(s->host, sizeof(s->host), "%s", name.nodename);
		snprintf(s->release, sizeof(s->release), "%s", name.release);
	}
	if (pages > 0)
		s->memory = (uint64_t)pages * sysconf(_SC_PAGESIZE);
}

int source_open(struct source *s, const char *name, char **why)
{
	const struct source_ops *const *ops;
	bool any = !strcmp(name, "auto"), known = false;
	char *passed = NULL;
	size_t len = 0;
	FILE *out = why ? open_memstream(&passed, &len) : NULL;
	int err = -ENODEV;

	memset(s, 0, sizeof(*s));
	if (why)
		*why = NULL;
	describe_host(s);
	for (ops = source_all; *ops && err; ops++) {
		const char *missing;

		if (!any && strcmp(name, (*ops)->name))
			continue;
		known = true;
		s->ops = *ops;
		missing = (*ops)->open(s);
		if (!missing) {
			err = 0;
		} else {
			snprintf(s->error, sizeof(s->error), "%s: %s", (*ops)->name, missing);
			if (out)
				fprintf(out, "%s\n", s->error);
		}
	}
	if (out) {
		fclose(out);
		*why = passed;
	}
	return known ? err : -ENOENT;
}

static int read_once(struct source *s, struct model *m)
{
	int err;

	s->records.len = 0;
	m->time = clock_ns(CLOCK_REALTIME) / 1e9;
	err = s->ops->snapshot(s, &s->records);
	if (!err && !s->recorded)
		err = users_name_nodes(&s->nodes, &s->records);
	if (err)
		return err;
	err = watch_state(s);
	if (err)
		return err;
	if (s->time)
		m->time = s->time;
	m->watched = s->watched;
	m->no_hooks = s->unwatchable ? s->no_hooks : NULL;
	m->sees = s->sees;
	m->lacks = s->lacks;
	m->source = s->recorded ? s->recorded : s->ops->name;
	err = model_load(m, s->records.bytes, s->records.len);
	if (!err && m->wants_recount && s->ops->recount) {
		s->again.len = 0;
		err = s->ops->recount(s, &s->again);
		if (!err)
			err = model_recount(m, s->again.bytes, s->again.len);
		else if (err == -EAGAIN)
			err = model_distrust(m);
	}
	return err;
}

/* Name the numbers of the kernel, and the nodes of devices. */
static void name_things(struct source *s, struct model *m)
{
	/* Anybody may make cgroups, and remove them */
	cgroup_names_trim(s->cgroups, 4096 + 4 * m->n_processes);
	for (uint32_t i = 0; i < m->n_processes; i++)
		m->processes[i].cgroup = s->ops->cgroup ?
			s->ops->cgroup(s, m->processes[i].cgroup_id) :
			cgroup_path(&s->cgroups, m->processes[i].cgroup_id);
	for (uint32_t i = 0; i < m->n_nodes; i++)
		m->nodes[i].path = s->ops->node ? s->ops->node(s, m->nodes[i].rdev) :
			node_of_number(&s->nodes, m->nodes[i].rdev);
	for (uint32_t i = 0; i < m->n_devices; i++)
		m->devices[i].nodes = s->ops->nodes ? s->ops->nodes(s, m->devices[i].device) :
			nodes_of_device(&s->nodes, m->devices[i].device);
}

/*
 * Unexplained references count if two readings, now or in the snapshot before, find the same
 * number. A reference that moves from an unread place to a read place (an fd that is sent and
 * closed) is missed, while the count stays the same. Return the number of rows to read again; with
 * last, these rows become unknown instead.
 */
static uint32_t confirm_unexplained(struct source *s, struct model *m, bool last)
{
	struct index now = { 0 };
	uint32_t i, doubtful = 0;
	uint64_t unexplained;

	for (i = 0; i < m->n_buffers; i++) {
		struct model_buffer *b = &m->buffers[i];
		uint32_t seen;

		if (b->count == (uint64_t)b->fds + b->maps || !b->ino ||
		    !model_buffer_unexplained(m, b, &unexplained) || !unexplained)
			continue;
		/* Not INDEX_NONE; another count is another finding */
		seen = (unexplained * 31 + b->count) & 0x7fffffff;
		index_put(&now, b->ino, seen);
		if (index_get(&s->unexplained, b->ino) == seen)
			continue;
		doubtful++;
		if (last) {
			b->torn = true;
			m->torn++;
		}
	}
	index_free(&s->unexplained);
	s->unexplained = now;
	return doubtful;
}

int source_snapshot(struct source *s, struct model *m, const struct filter *filter)
{
	uint32_t doubtful = 0;
	int try, err = 0;

	s->error[0] = '\0';
	for (try = 0; try < SNAPSHOT_TRIES && (!try || m->torn || doubtful); try++) {
		err = read_once(s, m);
		if (err) {
			if (!s->error[0])
				snprintf(s->error, sizeof(s->error), "%s: %s", s->ops->name,
					 strerror(-err));
			return err;
		}
		/* Recorded snapshots are confirmed */
		if (s->recorded)
			break;
		doubtful = confirm_unexplained(s, m, try == SNAPSHOT_TRIES - 1);
	}
	name_things(s, m);
	err = watch_operations(s, m);
	if (!err && !s->recorded && m->sees & MODEL_SEES_USERS)
		err = users_update(&s->users, m, &s->records);
	if (!err)
		err = model_account(m, filter);
	if (!err)
		err = pipelines_update(m);
	return err ? err : suspects_update(&m->suspects, m);
}

void source_settle(struct source *s, const struct model *m)
{
	char *at = s->records.bytes, *end = at + s->records.len;
	struct snap_buffer *b;
	uint32_t i;

	/* model_load() has found them well-formed */
	for (; at < end; at += b->head.len) {
		b = (void *)at;
		if (b->head.type != SNAP_BUFFER)
			continue;
		i = index_get(&m->by_ino, b->ino);
		if (i == INDEX_NONE || !m->buffers[i].ino)
			b->head.type = SNAP_NONE;
		else if (m->buffers[i].torn)
			b->head.valid |= SNAP_TORN;
	}
}

void source_close(struct source *s)
{
	if (s->ops && s->own)
		s->ops->close(s);
	records_free(&s->records);
	records_free(&s->again);
	cgroup_names_free(s->cgroups);
	node_names_free(s->nodes);
	users_free(&s->users);
	index_free(&s->unexplained);
	source_watch(s, 0, NULL);
	intern_free(&s->names);
	memset(s, 0, sizeof(*s));
}
