// SPDX-License-Identifier: GPL-2.0
/* Write the screen as JSON to a file; see write.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "file.h"
#include "output/output.h"
#include "top/lines.h"
#include "top/ui.h"
#include "top/write.h"

static int write_rows(FILE *out, const struct view *view, const struct model *m,
		      const struct rows *rows, const struct column_list *columns)
{
	struct output_options options = { .columns = columns };

	return output_json_rows(out, view, m, rows, &options);
}

/* Choose columns of other outputs for the columns of a list. */
static int choose_columns(struct column_list *columns, const struct list *l)
{
	char *names = NULL;
	size_t len;
	FILE *out = open_memstream(&names, &len);
	int err;

	if (!out)
		return -ENOMEM;
	for (uint32_t i = 0; i < l->n_columns; i++) {
		const struct column *c = l->columns[i];
		const char *name = c->screen ? c->screen->instead : c->name;

		fprintf(out, "%s%s", *name && ftell(out) ? "," : "", name);
	}
	err = fclose(out) ? -ENOMEM : 0;
	/* A list with columns of the screen only writes none. */
	if (!err && *names)
		err = column_list_parse(columns, l->view->data, names, NULL, NULL);
	free(names);
	return err;
}

/* Write the live rows. */
static int write_list(FILE *out, const struct ui *ui, uint32_t *n)
{
	const struct list *l = ui->list;
	struct column_list columns = { 0 };
	struct rows rows = { 0 };
	int err = choose_columns(&columns, l);

	for (uint32_t i = 0; i < l->rows.n && !err; i++)
		if (!history_is_dead(&ui->history, l->view, l->rows.rows[i]))
			err = rows_add(&rows, l->rows.rows[i]);
	if (!err)
		err = write_rows(out, l->view->data, &ui->history.model, &rows, &columns);
	*n = rows.n;
	rows_free(&rows);
	free(columns.columns);
	return err;
}

static int add_rows(struct rows *rows, const void *first, uint32_t n, size_t size)
{
	int err = 0;

	for (uint32_t i = 0; i < n && !err; i++)
		err = rows_add(rows, (const char *)first + i * size);
	return err;
}

/* Write a buffer, its holders and attachments, with all columns. */
static int write_buffer(FILE *out, const struct ui *ui, uint32_t *n)
{
	const struct model *m = &ui->history.model;
	uint32_t at = index_get(&m->by_ino, ui->detail), i;
	const struct model_buffer *b = &m->buffers[at];
	int err = 0;

	if (at == INDEX_NONE)
		return -ENOENT;
	/* Each attachment also has a holder, the importer. */
	const struct {
		const struct view *view;
		const void *first;
		uint32_t n;
	} parts[] = {
		{ &views[VIEW_BUFFERS], b, 1 },
		{ &views[VIEW_HOLDERS], &m->holders[b->first_holder],
		  b->procs + lines_sockets(m, b) + b->attachments },
		{ &views[VIEW_ATTACHMENTS], &m->attachments[b->first_attachment], b->attachments },
	};
	for (i = 0; i < sizeof(parts) / sizeof(*parts) && !err; i++) {
		struct column_list columns = { 0 };
		struct rows rows = { 0 };

		err = column_list_parse(&columns, parts[i].view, NULL, NULL, NULL) ?:
		      add_rows(&rows, parts[i].first, parts[i].n, parts[i].view->size) ?:
		      write_rows(out, parts[i].view, m, &rows, &columns);
		*n += rows.n;
		rows_free(&rows);
		free(columns.columns);
	}
	return err;
}

int write_shown(const struct ui *ui, const char *path, uint32_t *rows)
{
	/* Never overwrite a file or follow a link. */
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_PRIVATE), err;
	FILE *out;

	out = file_stream_of(fd < 0 ? -errno : fd);
	if (!out)
		return -errno;
	err = output_json_begin(out, &ui->history.model);
	if (!err)
		err = ui->detail ? write_buffer(out, ui, rows) : write_list(out, ui, rows);
	output_json_end(out);
	if (fclose(out) && !err)
		err = -errno;
	if (err)
		unlink(path);
	return err;
}
