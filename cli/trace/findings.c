// SPDX-License-Identifier: GPL-2.0
/* Findings as text, in LeakSanitizer's form, and as annotations; see findings.h. */
#include "trace/findings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "output/text.h"

#define LINE 600

static const char *safe(char *buf, size_t room, const char *text)
{
	text_safe(buf, room, text ? text : "-");
	return buf;
}

char *finding_size(char *buf, uint64_t bytes)
{
	char size[16];
	size_t len;

	text_size(size, bytes);
	len = strlen(size);
	if (len && strchr("KMGTPE", size[len - 1]))
		snprintf(buf, 16, "%.*s %ciB", (int)(len < 8 ? len : 8) - 1, size, size[len - 1]);
	else
		snprintf(buf, 16, "%.8s B", size);
	return buf;
}

const char *finding_severity(const struct leak_finding *f)
{
	return f->error ? "error" : "warning";
}

bool finding_fails(const struct findings *s, const struct leak_finding *f)
{
	if (f->suppressed >= 0 || f->known)
		return false;
	return s->fail_on ? s->fail_on & 1u << f->kind : f->error;
}

static bool is_shown(const struct leak_finding *f)
{
	return f->suppressed < 0 && !f->known;
}

void findings_sum(const struct findings *s, struct findings_sum *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (uint32_t i = 0; i < s->leaks->n_findings; i++) {
		const struct leak_finding *f = &s->leaks->findings[i];

		if (f->suppressed >= 0) {
			sum->suppressed++;
			sum->suppressed_bytes += f->bytes;
		} else if (f->known) {
			sum->known++;
		} else if (f->error) {
			sum->leaks++;
			sum->buffers += f->n;
			sum->bytes += f->bytes;
		} else {
			sum->warnings++;
		}
		sum->failing += finding_fails(s, f);
	}
}

static const struct leak_process *process_of(const struct findings *s, const struct leak_finding *f)
{
	return &s->leaks->processes[f->process];
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* "192 KiB in 12 buffers, exporter system". Returns buf. */
static char *head_text(char *buf, size_t room, const struct findings *s,
		      const struct leak_finding *f)
{
	const struct leak_buffer *b = &s->leaks->buffers[f->first];
	char size[16], each[16], exporter[200], name[140];
	int at;

	at = snprintf(buf, room, "%s in %u buffer%s, exporter %s", finding_size(size, f->bytes),
		      f->n, plural(f->n), safe(exporter, sizeof(exporter), f->exporter));
	if (f->n == 1 && b->name && at > 0 && (size_t)at < room)
		snprintf(buf + at, room - at, " \"%s\"", safe(name, sizeof(name), b->name));
	else if (f->n > 1 && f->size && at > 0 && (size_t)at < room)
		snprintf(buf + at, room - at, ", %s each", finding_size(each, f->size));
	return buf;
}

/* Write the operation without an end in one line, "" for none. Return buf. */
static char *begun_text(char *buf, size_t room, const struct findings *s,
		       const struct leak_finding *f)
{
	const struct leak_begun *g = f->begun;
	const char *direction = g ? direction_word(g->type, g->direction) : NULL;
	char device[300], comm[80], ago[16];
	int at;

	*buf = '\0';
	if (!g)
		return buf;
	at = snprintf(buf, room, "%s%s%s%s%s, by %s[%u]", event_name(g->type),
		      g->device ? " " : "", g->device ? safe(device, sizeof(device), g->device) : "",
		      direction ? " " : "", direction ?: "", safe(comm, sizeof(comm), g->comm),
		      g->pid);
	if (g->count > 1 && at > 0 && (size_t)at < room)
		at += snprintf(buf + at, room - at, ", %u times", g->count);
	if (s->leaks->end > g->time && at > 0 && (size_t)at < room)
		snprintf(buf + at, room - at, " %s before the end",
			 text_ns(ago, s->leaks->end - g->time));
	return buf;
}

static void put_frames(FILE *out, const struct finding_frames *frames)
{
	char function[400], place[400], call[440];

	for (uint32_t i = 0; i < frames->n; i++) {
		const struct stack_frame *r = &frames->rows[i];

		if (!r->function)
			snprintf(call, sizeof(call), "0x%" PRIx64, r->offset);
		else if (r->kernel || !r->line)
			snprintf(call, sizeof(call), "%s+0x%" PRIx64,
				 safe(function, sizeof(function), r->function), r->offset);
		else
			snprintf(call, sizeof(call), "%s",
				 safe(function, sizeof(function), r->function));
		fprintf(out, "      #%-2u %-30s ", i, call);
		if (r->file && r->line)
			fprintf(out, "%s:%u\n", safe(place, sizeof(place), r->file), r->line);
		else if (r->module)
			fprintf(out, r->kernel ? "[%s]\n" : "%s\n",
				safe(place, sizeof(place), r->module));
		else
			fputs(r->kernel ? "[kernel]\n" : "-\n", out);
	}
}

/* One line for each holder. */
static void put_holders(FILE *out, const struct leak_finding *f)
{
	char text[400];

	for (uint32_t i = 0; i < f->n_holders; i++) {
		const struct leak_holder *h = &f->holders[i];

		if (h->socket) {
			fprintf(out, "    in flight: %" PRIu64 " in socket %s\n", h->others,
				safe(text, sizeof(text), h->socket));
			continue;
		}
		fprintf(out, "    holder %s[%u]%s: %" PRIu64 " fd%s, %" PRIu64 " map%s",
			safe(text, sizeof(text), h->comm), h->pid,
			h->of_tree ? ", started here and still running" : "", h->fds,
			plural(h->fds), h->maps, plural(h->maps));
		fprintf(out, h->others ? ", %" PRIu64 " other\n" : "\n", h->others);
	}
	if (f->more_holders)
		fputs("    and other holders\n", out);
}

/* The reference sum of the buffers. */
static void put_held(FILE *out, const struct findings *s, const struct leak_finding *f)
{
	const struct leak_process *p = process_of(s, f);
	bool alive = !s->leaks->buffers[f->first].released;
	char comm[80];

	fputs("    ", out);
	if (alive && !f->n_holders)
		fputs("held by no process", out);
	else if (alive)
		fputs("held after exit", out);
	else if (f->fds + f->maps)
		fprintf(out, "held by %s[%u]%s at exit", safe(comm, sizeof(comm), p->comm), p->pid,
			f->processes_differ ? " and others" : "");
	else
		fprintf(out, "process %s[%u]%s, released since\n", safe(comm, sizeof(comm), p->comm),
			p->pid, f->processes_differ ? " and others" : "");
	if (!alive && !(f->fds + f->maps))
		return;
	if (f->counted)
		fprintf(out, ": %" PRIu64 " = %" PRIu64 " fd%s + %" PRIu64 " map%s + %" PRIu64
			" kernel", f->fds + f->maps + f->kernel, f->fds, plural(f->fds), f->maps,
			plural(f->maps), f->kernel);
	else
		fprintf(out, ": - = %" PRIu64 " fd%s + %" PRIu64 " map%s + - kernel", f->fds,
			plural(f->fds), f->maps, plural(f->maps));
	if (f->attachments)
		fprintf(out, " (%" PRIu64 " attachment%s)", f->attachments, plural(f->attachments));
	fputc('\n', out);
	if (alive)
		fprintf(out, "    exported by %s[%u]%s\n", safe(comm, sizeof(comm), p->comm), p->pid,
			f->processes_differ ? " and others" : "");
}

static void put_buffers(FILE *out, const struct findings *s, const struct leak_finding *f)
{
	uint32_t i = f->first, shown = 0;

	fprintf(out, "    buffer%s:", plural(f->n));
	for (; i != INDEX_NONE && (s->full || shown < 8); i = s->leaks->buffers[i].next, shown++)
		fprintf(out, " %" PRIu64, s->leaks->buffers[i].ino);
	if (shown < f->n)
		fprintf(out, " ... (%u; all with --json)", f->n);
	fputc('\n', out);
}

static void put_title(FILE *out, const struct findings *s, const struct leak_finding *f,
		      uint32_t number)
{
	const struct leak_process *p = process_of(s, f);
	char line[LINE], comm[80], size[16];

	if (f->error) {
		fprintf(out, "\nLeak %u (%s, error): %s\n", number, leak_name(f->kind),
			head_text(line, sizeof(line), s, f));
		return;
	}
	fprintf(out, "\nWarning (%s): ", leak_name(f->kind));
	if (f->kind != LEAK_UNCLOSED) {
		fprintf(out, "%s\n", head_text(line, sizeof(line), s, f));
		return;
	}
	if (f->fds)
		fprintf(out, "%" PRIu64 " fd%s%s", f->fds, plural(f->fds), f->maps ? " and " : "");
	if (f->maps)
		fprintf(out, "%" PRIu64 " map%s", f->maps, plural(f->maps));
	fprintf(out, " of %u buffer%s (%s) left open at exit by %s[%u]%s\n", f->n, plural(f->n),
		finding_size(size, f->bytes), safe(comm, sizeof(comm), p->comm), p->pid,
		f->processes_differ ? " and others" : "");
}

void finding_text(FILE *out, const struct findings *s, uint32_t i, uint32_t number)
{
	const struct leak_finding *f = &s->leaks->findings[i];
	char line[LINE], idle[16];

	put_title(out, s, f, number);
	put_held(out, s, f);
	put_holders(out, f);
	if (f->kind == LEAK_GROWTH)
		fprintf(out, "    low-water mark rose in each of the last %" PRIu64 " cycles: %"
			PRIu64 " -> %" PRIu64 "\n", f->cycles, f->from, f->to);
	if (f->kind == LEAK_OLD)
		fprintf(out, "    idle for %s\n", text_ns(idle, f->idle));
	if (f->begun)
		fprintf(out, "    not ended: %s\n", begun_text(line, sizeof(line), s, f));
	put_frames(out, &s->stacks[i].begun);
	if (s->stacks[i].exported.n)
		fputs("    exported at:\n", out);
	put_frames(out, &s->stacks[i].exported);
	put_buffers(out, s, f);
}

static void put_survivors(FILE *out, const struct leaks *l)
{
	char comm[80];

	for (uint32_t i = 0; i < l->n_processes && !l->options.running; i++)
		if (!l->processes[i].ended)
			fprintf(out, "Still running: %s[%u]\n",
				safe(comm, sizeof(comm), l->processes[i].comm),
				l->processes[i].pid);
}

static void put_suppressed(FILE *out, const struct findings *s, const struct findings_sum *sum)
{
	char size[16], line[LINE];
	uint32_t i, used = 0;

	for (i = 0; i < s->suppressions.n; i++)
		used += s->suppressions.rules[i].findings != 0;
	if (!sum->suppressed)
		return;
	fprintf(out, "Suppressed: %" PRIu64 " leak%s, %s by %u rule%s:", sum->suppressed,
		plural(sum->suppressed), finding_size(size, sum->suppressed_bytes), used,
		plural(used));
	for (i = 0; i < s->suppressions.n; i++) {
		const struct suppression *r = &s->suppressions.rules[i];

		if (!r->findings)
			continue;
		safe(line, sizeof(line), r->pattern);
		if (used == 1)
			fprintf(out, " leak:%s", line);
		else
			fprintf(out, "\n  %4" PRIu64 " leak:%s", r->findings, line);
	}
	fputc('\n', out);
}

int findings_text(FILE *out, const struct findings *s)
{
	const struct leaks *l = s->leaks;
	struct findings_sum sum;
	uint32_t i, number = 0;
	char size[16];

	findings_sum(s, &sum);
	if (sum.leaks + sum.warnings)
		fprintf(out, "=================================================================\n"
			"==%u==%s: dmabuf-trace: %s\n", s->pid, sum.leaks ? "ERROR" : "WARNING",
			sum.leaks ? "dma-buf leaks detected" : "possible dma-buf leaks");
	for (i = 0; i < l->n_findings; i++)
		if (is_shown(&l->findings[i]))
			finding_text(out, s, i, ++number);
	if (sum.leaks + sum.warnings)
		fputc('\n', out);
	put_survivors(out, l);
	put_suppressed(out, s, &sum);
	if (sum.known)
		fprintf(out, "Known by the baseline: %" PRIu64 "\n", sum.known);
	if (s->incomplete)
		fprintf(out, "INCOMPLETE: %s\n", s->incomplete);
	fprintf(out, "SUMMARY: dmabuf-trace: %" PRIu64 " leak%s, %s in %" PRIu64 " buffer%s",
		sum.leaks, plural(sum.leaks), finding_size(size, sum.bytes), sum.buffers,
		plural(sum.buffers));
	if (sum.warnings)
		fprintf(out, "; %" PRIu64 " warning%s%s", sum.warnings, plural(sum.warnings),
			sum.failing ? "" : ", none fails the check (see --strict, --fail-on)");
	fputc('\n', out);
	return ferror(out) ? -EIO : 0;
}

/* Escape the characters that end a workflow command or a property. */
static void put_escaped(FILE *out, const char *text, bool property)
{
	for (; *text; text++)
		if (*text == '%' || *text == '\r' || *text == '\n' ||
		    (property && (*text == ':' || *text == ',')))
			fprintf(out, "%%%02X", (unsigned char)*text);
		else
			fputc(*text, out);
}

/* Return the first line in a program's source, NULL: unknown. */
static const struct stack_frame *find_source(const struct finding_stacks *stacks)
{
	const struct finding_frames *both[] = { &stacks->begun, &stacks->exported };
	uint32_t i, j;

	for (i = 0; i < 2; i++)
		for (j = 0; j < both[i]->n; j++)
			if (!both[i]->rows[j].kernel && both[i]->rows[j].file &&
			    both[i]->rows[j].line)
				return &both[i]->rows[j];
	return NULL;
}

int findings_annotate(FILE *out, const struct findings *s)
{
	char line[LINE], begun[LINE];

	for (uint32_t i = 0; i < s->leaks->n_findings; i++) {
		const struct leak_finding *f = &s->leaks->findings[i];
		const struct stack_frame *at = find_source(&s->stacks[i]);

		if (!is_shown(f))
			continue;
		fprintf(out, "::%s ", finding_fails(s, f) ? "error" : "warning");
		if (at) {
			safe(line, sizeof(line), at->file);
			fputs("file=", out);
			put_escaped(out, line, true);
			fprintf(out, ",line=%u,", at->line);
		}
		fprintf(out, "title=dma-buf %s (%s)::", f->error ? "leak" : "warning",
			leak_name(f->kind));
		put_escaped(out, head_text(line, sizeof(line), s, f), false);
		begun_text(begun, sizeof(begun), s, f);
		if (*begun) {
			fputs("; not ended: ", out);
			put_escaped(out, begun, false);
		}
		fputc('\n', out);
	}
	return ferror(out) ? -EIO : 0;
}

/* Whether a rule matches the exporter, a command, the device or a frame of finding i. */
static bool rule_matches(const struct suppression *r, const struct findings *s, uint32_t i)
{
	const struct leak_finding *f = &s->leaks->findings[i];
	const struct finding_frames *both[] = { &s->stacks[i].begun, &s->stacks[i].exported };
	uint32_t j, k;

	if (suppression_matches(r->pattern, f->exporter) ||
	    suppression_matches(r->pattern, process_of(s, f)->comm))
		return true;
	if (f->begun && (suppression_matches(r->pattern, f->begun->device) ||
			 suppression_matches(r->pattern, f->begun->comm)))
		return true;
	for (j = 0; j < 2; j++)
		for (k = 0; k < both[j]->n; k++)
			if (suppression_matches(r->pattern, both[j]->rows[k].function) ||
			    suppression_matches(r->pattern, both[j]->rows[k].module) ||
			    suppression_matches(r->pattern, both[j]->rows[k].file))
				return true;
	return false;
}

int findings_prepare(struct findings *s, struct leaks *l, finding_resolver *resolve, void *ctx)
{
	uint32_t i, j;
	int err = 0;

	s->leaks = l;
	s->stacks = calloc(l->n_findings + 1, sizeof(*s->stacks));
	if (!s->stacks)
		return -ENOMEM;
	for (i = 0; i < l->n_findings && !err; i++) {
		struct leak_finding *f = &l->findings[i];

		if (resolve)
			err = resolve(ctx, f->stack, &s->stacks[i].exported);
		if (!err && resolve && f->begun)
			err = resolve(ctx, f->begun->stack, &s->stacks[i].begun);
		for (j = 0; j < s->suppressions.n && f->suppressed < 0; j++) {
			if (!rule_matches(&s->suppressions.rules[j], s, i))
				continue;
			f->suppressed = j;
			s->suppressions.rules[j].findings++;
			s->suppressions.rules[j].bytes += f->bytes;
		}
		f->known = baseline_knows(&s->baseline, s, i);
	}
	return err;
}

void findings_free(struct findings *s)
{
	uint32_t i, j;

	for (i = 0; s->stacks && i < s->leaks->n_findings; i++) {
		free(s->stacks[i].exported.rows);
		free(s->stacks[i].begun.rows);
	}
	free(s->stacks);
	for (i = 0; i < s->suppressions.n; i++)
		free(s->suppressions.rules[i].pattern);
	free(s->suppressions.rules);
	for (i = 0; i < s->baseline.n; i++) {
		free(s->baseline.known[i].exporter);
		free(s->baseline.known[i].comm);
		for (j = 0; j < BASELINE_FUNCTIONS; j++)
			free(s->baseline.known[i].functions[j]);
	}
	free(s->baseline.known);
	memset(s, 0, sizeof(*s));
}
