// SPDX-License-Identifier: GPL-2.0
/* Findings as one JSON object, by json-c; see findings.h. */
#include <errno.h>

#include "output/json.h"
#include "trace/findings.h"

static void add_number(struct json_object *to, const char *key, uint64_t n)
{
	json_add(to, key, json_object_new_uint64(n));
}

static void add_string(struct json_object *to, const char *key, const char *text)
{
	json_add(to, key, json_string(text));
}

static void add_bool(struct json_object *to, const char *key, bool value)
{
	json_add(to, key, json_object_new_boolean(value));
}

/* 0 is unknown */
static void add_id(struct json_object *to, const char *key, uint64_t n)
{
	json_add(to, key, n ? json_object_new_uint64(n) : NULL);
}

static struct json_object *frames_object(const struct finding_frames *frames)
{
	struct json_object *list = json_object_new_array();

	for (uint32_t i = 0; i < frames->n; i++) {
		const struct stack_frame *r = &frames->rows[i];
		struct json_object *frame = json_object_new_object();

		add_string(frame, "function", r->function);
		add_number(frame, "offset", r->offset);
		add_string(frame, "file", r->file);
		add_id(frame, "line", r->line);
		add_string(frame, "module", r->module);
		add_bool(frame, "kernel", r->kernel);
		json_object_array_add(list, frame);
	}
	return list;
}

static struct json_object *process_object(const struct leak_process *p)
{
	struct json_object *object = json_object_new_object();

	add_id(object, "pid", p->pid);
	add_string(object, "comm", p->comm);
	return object;
}

static struct json_object *buffers_object(const struct findings *s, const struct leak_finding *f)
{
	struct json_object *list = json_object_new_array();

	for (uint32_t i = f->first; i != INDEX_NONE; i = s->leaks->buffers[i].next) {
		const struct leak_buffer *b = &s->leaks->buffers[i];
		struct json_object *object = json_object_new_object();

		add_number(object, "ino", b->ino);
		add_number(object, "size", b->size);
		add_string(object, "exporter", b->exporter);
		add_string(object, "name", b->name);
		json_add(object, "fds", b->counted ? json_object_new_uint64(b->fds) : NULL);
		json_add(object, "maps", b->counted ? json_object_new_uint64(b->maps) : NULL);
		json_add(object, "kernel", b->counted ? json_object_new_uint64(b->kernel) : NULL);
		json_object_array_add(list, object);
	}
	return list;
}

static struct json_object *holders_object(const struct leak_finding *f)
{
	struct json_object *list = json_object_new_array();

	for (uint32_t i = 0; i < f->n_holders; i++) {
		const struct leak_holder *h = &f->holders[i];
		struct json_object *object = json_object_new_object();

		add_id(object, "pid", h->pid);
		add_string(object, "comm", h->comm);
		add_bool(object, "of_tree", h->of_tree);
		add_string(object, "socket", h->socket);
		add_number(object, "fds", h->fds);
		add_number(object, "maps", h->maps);
		add_number(object, "others", h->others);
		json_object_array_add(list, object);
	}
	return list;
}

static struct json_object *begun_object(const struct findings *s, uint32_t i)
{
	const struct leak_begun *g = s->leaks->findings[i].begun;
	struct json_object *object;

	if (!g)
		return NULL;
	object = json_object_new_object();
	add_string(object, "op", event_name(g->type));
	add_string(object, "device", g->device);
	add_string(object, "node", g->node);
	add_string(object, "direction", direction_name(g->direction));
	add_id(object, "pid", g->pid);
	add_string(object, "comm", g->comm);
	add_number(object, "count", g->count);
	json_add(object, "before_end", s->leaks->end > g->time ?
	    json_object_new_uint64(s->leaks->end - g->time) : NULL);
	json_add(object, "stack", frames_object(&s->stacks[i].begun));
	return object;
}

static struct json_object *references_object(const struct leak_finding *f)
{
	struct json_object *object;

	if (!f->counted)
		return NULL;
	object = json_object_new_object();
	add_number(object, "fds", f->fds);
	add_number(object, "maps", f->maps);
	add_number(object, "kernel", f->kernel);
	add_number(object, "attachments", f->attachments);
	return object;
}

static struct json_object *growth_object(const struct leak_finding *f)
{
	struct json_object *object;

	if (f->kind != LEAK_GROWTH)
		return NULL;
	object = json_object_new_object();
	add_number(object, "cycles", f->cycles);
	add_number(object, "from", f->from);
	add_number(object, "to", f->to);
	return object;
}

static struct json_object *finding_object(const struct findings *s, uint32_t i)
{
	const struct leak_finding *f = &s->leaks->findings[i];
	struct json_object *object = json_object_new_object();

	add_string(object, "kind", leak_name(f->kind));
	add_string(object, "severity", finding_severity(f));
	add_bool(object, "fails", finding_fails(s, f));
	add_string(object, "suppressed", f->suppressed < 0 ? NULL :
		   s->suppressions.rules[f->suppressed].pattern);
	add_bool(object, "known", f->known);
	add_number(object, "count", f->n);
	add_number(object, "bytes", f->bytes);
	add_id(object, "size", f->size);
	add_string(object, "exporter", f->exporter);
	json_add(object, "process", process_object(&s->leaks->processes[f->process]));
	add_bool(object, "processes_differ", f->processes_differ);
	json_add(object, "references", references_object(f));
	json_add(object, "holders", holders_object(f));
	add_bool(object, "more_holders", f->more_holders);
	json_add(object, "growth", growth_object(f));
	json_add(object, "idle", f->kind == LEAK_OLD ? json_object_new_uint64(f->idle) : NULL);
	json_add(object, "not_ended", begun_object(s, i));
	json_add(object, "stack", frames_object(&s->stacks[i].exported));
	json_add(object, "buffers", buffers_object(s, f));
	return object;
}

static void add_lists(struct json_object *all, const struct findings *s)
{
	struct json_object *findings = json_object_new_array(), *rules = json_object_new_array();
	struct json_object *survivors = json_object_new_array();
	const struct leaks *l = s->leaks;

	for (uint32_t i = 0; i < l->n_findings; i++)
		json_object_array_add(findings, finding_object(s, i));
	for (uint32_t i = 0; i < s->suppressions.n; i++) {
		struct json_object *rule = json_object_new_object();

		add_string(rule, "rule", s->suppressions.rules[i].pattern);
		add_number(rule, "leaks", s->suppressions.rules[i].findings);
		add_number(rule, "bytes", s->suppressions.rules[i].bytes);
		json_object_array_add(rules, rule);
	}
	for (uint32_t i = 0; i < l->n_processes; i++)
		if (!l->processes[i].ended)
			json_object_array_add(survivors, process_object(&l->processes[i]));
	json_add(all, "findings", findings);
	json_add(all, "suppressions", rules);
	json_add(all, "survivors", survivors);
}

int findings_json(FILE *out, const struct findings *s)
{
	struct json_object *all = json_object_new_object(), *command = NULL;
	struct findings_sum sum;
	char **word;
	int err;

	findings_sum(s, &sum);
	if (s->command)
		command = json_object_new_array();
	for (word = s->command; word && *word; word++)
		json_object_array_add(command, json_string(*word));
	json_add(all, "command", command);
	add_id(all, "pid", s->pid);
	json_add(all, "status", s->command ? json_object_new_int(s->status) : NULL);
	add_bool(all, "complete", !s->incomplete);
	add_string(all, "incomplete", s->incomplete);
	add_number(all, "lost", s->lost);
	add_number(all, "leaks", sum.leaks);
	add_number(all, "warnings", sum.warnings);
	add_number(all, "buffers", sum.buffers);
	add_number(all, "bytes", sum.bytes);
	add_number(all, "suppressed", sum.suppressed);
	add_number(all, "known", sum.known);
	add_number(all, "failing", sum.failing);
	add_lists(all, s);
	err = json_write(out, all);
	json_object_put(all);
	fputc('\n', out);
	return err ?: ferror(out) ? -EIO : 0;
}
