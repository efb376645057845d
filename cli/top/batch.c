// SPDX-License-Identifier: GPL-2.0
/* dmabuf-top -b prints refreshes as text, JSON or CSV. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "model/model.h"
#include "file.h"
#include "output/output.h"
#include "output/text.h"
#include "source/source.h"
#include "top/top.h"

static volatile sig_atomic_t ended;

static void end(int signal)
{
	ended = 1;
}

/* Print two lines like the head of the screen. */
static void print_summary(FILE *out, const struct model *m, const struct source *source)
{
	char held[8], kernel[8], unexplained[8], clock[16], name[80], release[280], host[280];
	time_t seconds = m->time;
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	fputs("dmabuf-top", out);
	if (source_is_recording(source))
		fprintf(out, "  recording %u/%u", source_moment(source) + 1,
			source_moments(source));
	text_safe(name, sizeof(name), m->source);
	text_safe(release, sizeof(release), source->release);
	text_safe(host, sizeof(host), source->host);
	fprintf(out, "  %s%s  %s  %s  %s\n", name, model_complete(m) ? "" : "  incomplete",
		release, host, clock);
	fprintf(out, "Buffers %s   Held %s", text_count(kernel, m->totals.buffers),
		text_size(held, m->totals.bytes));
	if (m->totals.kernel_only_known)
		fprintf(out, "   kernel-only %lu  %s", (unsigned long)m->totals.kernel_only_buffers,
			text_size(kernel, m->totals.kernel_only_bytes));
	if (m->sees & MODEL_SEES_HOLDERS && m->sees & MODEL_SEES_ATTACHMENTS)
		fprintf(out, "   unexplained %lu  %s",
			(unsigned long)m->totals.unexplained_buffers,
			text_size(unexplained, m->totals.unexplained_bytes));
	if (m->watched)
		fprintf(out, "   lost %lu", (unsigned long)m->lost);
	fputc('\n', out);
	if (m->torn)
		fprintf(out, "%u buffers changed during the snapshot: references unknown\n",
			m->torn);
	fputc('\n', out);
}

/* The state of batch output between refreshes. */
struct batch {
	const struct top_options *top;
	struct source *source;
	FILE *out;
	struct output_options output;
	struct column_list columns[TOP_MAX_VIEWS];
	struct model model;
	struct rows rows;
};

static int print_view(struct batch *b, int i)
{
	const struct view *view = b->top->views[i];
	const char *sort = b->top->sort ? b->top->sort : view->sort;
	int err = rows_collect(&b->rows, view, &b->model, view_column(view, sort), b->top->invert);

	if (err)
		return err;
	b->output.columns = &b->columns[i];
	switch (b->top->common.format) {
	case OUTPUT_JSON:
		return output_json_rows(b->out, view, &b->model, &b->rows, &b->output);
	case OUTPUT_CSV:
		return output_csv(b->out, view, &b->model, &b->rows, &b->output);
	default:
		return output_table(b->out, view, &b->model, &b->rows, &b->output);
	}
}

static int print_refresh(struct batch *b, long refresh)
{
	enum output_format format = b->top->common.format;
	int i, err = 0;

	if (format == OUTPUT_JSON)
		err = output_json_begin(b->out, &b->model);
	else if (format == OUTPUT_TEXT && !b->top->common.no_header)
		print_summary(b->out, &b->model, b->source);
	/* CSV prints the head once, unless several views alternate. */
	b->output.no_header = b->top->common.no_header ||
		(format == OUTPUT_CSV && refresh && b->top->n_views == 1);
	for (i = 0; i < b->top->n_views && !err; i++) {
		if (i && format != OUTPUT_JSON)
			fputc('\n', b->out);
		err = print_view(b, i);
	}
	if (format == OUTPUT_JSON)
		output_json_end(b->out);
	return fflush(b->out) ? -EIO : err;
}

static void add_seconds(struct timespec *t, double seconds)
{
	long nsec = t->tv_nsec + (long)((seconds - floor(seconds)) * 1e9);

	t->tv_sec += (time_t)seconds + nsec / 1000000000;
	t->tv_nsec = nsec % 1000000000;
}

/* Wait for the next multiple of the delay, without drift. Skip multiples in the past. */
static void wait_next(struct timespec *next, double delay)
{
	struct timespec now;

	add_seconds(next, delay);
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec > next->tv_sec ||
	    (now.tv_sec == next->tv_sec && now.tv_nsec > next->tv_nsec))
		*next = now;
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, next, NULL);
}

/* Return the hooks necessary for the views and for the columns of -O. */
static uint32_t needs(const struct batch *b)
{
	uint32_t all = 0, c;

	for (int i = 0; i < b->top->n_views; i++) {
		all |= b->top->views[i]->needs;
		for (c = 0; b->top->common.columns && c < b->columns[i].n; c++)
			all |= b->columns[i].columns[c]->needs;
	}
	return all;
}

/* Attach the hooks. Return 0, or an exit status if every view requires them. */
static int watch(struct batch *b)
{
	const struct options *common = &b->top->common;
	uint32_t all = needs(b);
	int i;

	source_watch(b->source, all, &common->filter);
	if (!b->source->unwatchable)
		return EXIT_OK;
	for (i = 0; i < b->top->n_views; i++)
		if (!(b->top->views[i]->needs & b->source->unwatchable))
			break;
	if (i == b->top->n_views)
		return options_fail(common, "no hooks: %s", b->source->no_hooks);
	if (!common->quiet)
		fprintf(stderr, "%s: no hooks: %s\n", common->command, b->source->no_hooks);
	return EXIT_OK;
}

static int run(struct batch *b)
{
	const struct options *common = &b->top->common;
	struct timespec next;
	long i;
	int err = watch(b);

	if (err)
		return err;
	clock_gettime(CLOCK_MONOTONIC, &next);
	/* The hooks have counted nothing yet. */
	if (b->source->watched)
		wait_next(&next, b->top->delay);
	for (i = 0; !ended && (!b->top->refreshes || i < b->top->refreshes); i++) {
		if (i) {
			if (b->top->replay &&
			    !source_choose(b->source, source_moment(b->source) + 1))
				break;
			/* A recording needs no delay. */
			if (!b->top->replay || b->top->delay_given)
				wait_next(&next, b->top->delay);
			if (ended)
				break;
			if (common->format == OUTPUT_TEXT)
				fputc('\n', b->out);
		}
		err = source_snapshot(b->source, &b->model, &common->filter);
		/* Skip a damaged snapshot. */
		if (b->top->replay && (err == -EBADMSG || err == -ENOTSUP)) {
			fprintf(stderr, "%s: %s: %s\n", common->command, b->top->replay,
				b->source->error);
			continue;
		}
		if (err)
			return options_fail(common, "%s", b->source->error[0] ? b->source->error :
					    strerror(-err));
		/* Print this only once: it does not change. */
		if (!i && b->model.lacks && !common->quiet)
			fprintf(stderr, "%s: %s: %s\n", common->command, b->model.source,
				b->model.lacks);
		err = print_refresh(b, i);
		if (err)
			return options_fail(common, "cannot write %s: %s", common->output ?
					    common->output : "standard output", strerror(errno));
	}
	return EXIT_OK;
}

int batch_run(struct top_options *top, struct source *source)
{
	struct batch b = {
		.top = top,
		.source = source,
		.out = stdout,
		.output = { .bytes = top->common.bytes, .timed = top->refreshes != 1 },
	};
	/* The first signal completes the current refresh, the second ends at once. */
	struct sigaction action = { .sa_handler = end, .sa_flags = SA_RESTART | SA_RESETHAND };
	const char *path = top->common.output;
	int status = EXIT_OK, i;
	char *unknown = NULL;

	if (top->replay)
		status = options_check_output(&top->common, top->replay, path);
	for (i = 0; i < top->n_views; i++) {
		if (column_list_parse(&b.columns[i], top->views[i], top->common.columns,
				      top->common.format == OUTPUT_TEXT ? COLUMNS_FOR_TEXT : NULL,
				      &unknown))
			status = options_fail(&top->common, "%s", strerror(ENOMEM));
	}
	if (path && status == EXIT_OK) {
		b.out = file_stream(path, FILE_PRIVATE);
		if (!b.out)
			status = options_fail(&top->common, "cannot write %s: %s", path,
					      file_error(errno));
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (status == EXIT_OK)
		status = run(&b);
	if (b.out && b.out != stdout && fclose(b.out) && status == EXIT_OK)
		status = options_fail(&top->common, "cannot write %s: %s", path, strerror(errno));
	model_free(&b.model);
	rows_free(&b.rows);
	for (i = 0; i < top->n_views; i++)
		free(b.columns[i].columns);
	return status;
}
