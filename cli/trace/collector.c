// SPDX-License-Identifier: GPL-2.0
/* Figures of a source and of the module's sums for dmabuf-trace metrics; see collector.h. */
#include "trace/collector.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "source/module_sums.h"

static bool is(const struct collector *c, const char *source)
{
	return !strcmp(c->common.source, source);
}

/* Print a failure once until the source recovers. */
static void tell(const struct collector *c, bool *told, const char *what)
{
	if (!*told && !c->common.quiet && !c->once)
		fprintf(stderr, "%s: %s\n", c->common.command, what);
	*told = true;
}

/* Prints once why there are no hooks, or others than before. */
static void tell_hooks(struct collector *c)
{
	if (*c->source.no_hooks)
		tell(c, &c->told_hooks, c->source.no_hooks);
	else
		c->told_hooks = false;
}

static void set_hooks(struct collector *c)
{
	if (c->once || strncmp(c->source.ops->name, "bpf:", 4))
		return;
	source_watch_all(&c->source, c->hooks);
	tell_hooks(c);
}

int collector_open(struct collector *c)
{
	bool sums = sums_are_there();
	int err = source_open(&c->source, c->common.source, NULL);

	c->use_sums = sums && (is(c, "auto") || is(c, "module"));
	if (err && is(c, "module") && sums) {
		source_close(&c->source);
		return 0;
	}
	if (err) {
		snprintf(c->error, sizeof(c->error), "%.255s", c->source.error);
		source_close(&c->source);
		return err;
	}
	c->open = true;
	set_hooks(c);
	return 0;
}

static void lose_source(struct collector *c)
{
	source_close(&c->source);
	c->open = c->use_sums = false;
}

static int read_model(struct collector *c)
{
	int err = source_snapshot(&c->source, &c->model, NULL);

	if (err) {
		snprintf(c->error, sizeof(c->error), "%.255s", c->source.error);
		lose_source(c);
		return err;
	}
	tell_hooks(c);
	return metrics_add_model(&c->figures, &c->model);
}

/* Return 0 or -errno with c->error. */
static int read_sources(struct collector *c)
{
	int err = 0;

	if (!c->open && !c->use_sums)
		err = collector_open(c);
	if (!err && c->open)
		err = read_model(c);
	if (err || !c->use_sums)
		return err;
	err = sums_read(&c->sums);
	if (!err)
		return metrics_add_sums(&c->figures, &c->sums);
	/* Beside another source, the module may be unloaded and loaded */
	if (c->open && !is(c, "module"))
		return 0;
	snprintf(c->error, sizeof(c->error), "module: cannot read the sums: %s", strerror(-err));
	lose_source(c);
	return err;
}

int collector_read(struct collector *c)
{
	uint64_t start = now_ns();
	const char *source;
	int err;

	c->figures.options = c->options;
	err = metrics_begin(&c->figures) ?: read_sources(c);
	if (err == -ENOMEM)
		return err;
	if (err) {
		tell(c, &c->told_lost, c->error);
		/* Drop figures of a failed read */
		err = metrics_begin(&c->figures);
		source = c->common.source;
		if (!err)
			err = metrics_end(&c->figures, false, source, now_ns() - start);
		return err;
	}
	if (c->told_lost && !c->common.quiet)
		fprintf(stderr, "%s: the source works again\n", c->common.command);
	c->told_lost = false;
	source = c->open ? c->source.ops->name : "module";
	return metrics_end(&c->figures, true, source, now_ns() - start);
}

char *collector_text(struct collector *c, enum metrics_format format, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	if (!out)
		return NULL;
	openmetrics_write(out, &c->figures, format);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

void collector_free(struct collector *c)
{
	source_close(&c->source);
	model_free(&c->model);
	metrics_free(&c->figures);
	sums_free(&c->sums);
	options_free(&c->common);
}
