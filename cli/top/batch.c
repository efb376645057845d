// SPDX-License-Identifier: GPL-2.0
/* dmabuf-top -b: refreshes as text, JSON or CSV. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "model/snapshot.h"
#include "output/output.h"
#include "output/text.h"
#include "source/source.h"
#include "top/top.h"

static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

/* Two lines that say what one looks at, as the head of the screen does. */
static void print_summary(FILE *out, const struct model *m)
{
	char held[8], kernel[8], unexplained[8], clock[16];
	time_t seconds = m->time;
	struct utsname name;
	struct tm tm;

	uname(&name);
	localtime_r(&seconds, &tm);
	strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	fprintf(out, "dmabuf-top  %s%s  %s  %s  %s\n", m->source,
		model_complete(m) ? "" : "  incomplete", name.release, name.nodename, clock);
	fprintf(out, "Buffers %s   Held %s", text_count(kernel, m->totals.buffers),
		text_size(held, m->totals.bytes));
	if (m->totals.kernel_only_known)
		fprintf(out, "   kernel-only %lu  %s", (unsigned long)m->totals.kernel_only_buffers,
			text_size(kernel, m->totals.kernel_only_bytes));
	if (m->sees & MODEL_SEES_HOLDERS)
		fprintf(out, "   unexplained %lu  %s",
			(unsigned long)m->totals.unexplained_buffers,
			text_size(unexplained, m->totals.unexplained_bytes));
	fputc('\n', out);
	if (m->torn)
		fprintf(out, "%u buffers changed while they were read: their references are unknown\n",
			m->torn);
	fputc('\n', out);
}

static int print_refresh(FILE *out, const struct top_options *top, const struct model *m,
			 struct rows *rows, struct output_options *output)
{
	int err = rows_collect(rows, top->view, m, top->sort, top->invert);

	if (err)
		return err;
	switch (top->common.format) {
	case OUTPUT_JSON:
		err = output_json(out, top->view, m, rows, output);
		break;
	case OUTPUT_CSV:
		err = output_csv(out, top->view, m, rows, output);
		output->no_header = true;
		break;
	default:
		if (!top->common.no_header)
			print_summary(out, m);
		err = output_table(out, top->view, m, rows, output);
	}
	return fflush(out) ? -EIO : err;
}

static void add_seconds(struct timespec *t, double seconds)
{
	long nsec = t->tv_nsec + (long)((seconds - floor(seconds)) * 1e9);

	t->tv_sec += (time_t)seconds + nsec / 1000000000;
	t->tv_nsec = nsec % 1000000000;
}

/* Waits for the next multiple of the delay, so that refreshes do not drift; not for lost ones. */
static void wait_next(struct timespec *next, double delay)
{
	struct timespec now;

	add_seconds(next, delay);
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec > next->tv_sec || (now.tv_sec == next->tv_sec && now.tv_nsec > next->tv_nsec))
		*next = now;
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, next, NULL);
}

static int run(FILE *out, struct top_options *top, struct source *source, struct model *m,
	       struct rows *rows, struct output_options *output)
{
	struct timespec next;
	long i;
	int err = 0;

	clock_gettime(CLOCK_MONOTONIC, &next);
	for (i = 0; !ended && (!top->refreshes || i < top->refreshes); i++) {
		if (i) {
			wait_next(&next, top->delay);
			if (ended)
				break;
			if (top->common.format == OUTPUT_TEXT)
				fputc('\n', out);
		}
		err = source_snapshot(source, m, &top->common.filter);
		if (err)
			return options_fail(&top->common, "%s", source->error[0] ? source->error :
					    strerror(-err));
		/* Once is enough for what stays as it is */
		if (!i && m->lacks && !top->common.quiet)
			fprintf(stderr, "%s: %s: %s\n", top->common.command, m->source, m->lacks);
		err = print_refresh(out, top, m, rows, output);
		if (err)
			return options_fail(&top->common, "cannot write %s: %s", top->common.output ?
					    top->common.output : "standard output", strerror(errno));
	}
	return EXIT_OK;
}

int batch_run(struct top_options *top, struct source *source)
{
	struct output_options output = {
		.no_header = top->common.no_header,
		.bytes = top->common.bytes,
		.timed = top->refreshes != 1,
	};
	struct sigaction action = { .sa_handler = end };
	struct column_list columns = { 0 };
	struct model model = { 0 };
	struct rows rows = { 0 };
	FILE *out = stdout;
	char *unknown = NULL;
	int status;

	if (column_list_parse(&columns, top->view, top->common.columns, &unknown))
		return options_fail(&top->common, "%s", strerror(ENOMEM));
	output.columns = &columns;
	if (top->common.output) {
		out = fopen(top->common.output, "we");
		if (!out) {
			free(columns.columns);
			return options_fail(&top->common, "cannot write %s: %s",
					    top->common.output, strerror(errno));
		}
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	status = run(out, top, source, &model, &rows, &output);
	if (out != stdout && fclose(out) && status == EXIT_OK)
		status = options_fail(&top->common, "cannot write %s: %s", top->common.output,
				      strerror(errno));
	model_free(&model);
	rows_free(&rows);
	free(columns.columns);
	return status;
}
