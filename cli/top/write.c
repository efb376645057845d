// SPDX-License-Identifier: GPL-2.0
/* What is shown, as JSON in a file; see ui.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "output/file.h"
#include "output/output.h"
#include "top/ui.h"

static int write_rows(FILE *out, const char *view, const struct model *m, const struct rows *rows,
		      const struct column_list *columns)
{
	struct output_options options = { .columns = columns };

	return output_json_rows(out, view_find(view), m, rows, &options);
}

/* The columns, as other outputs have them */
static int choose_columns(struct column_list *columns, const struct list *l)
{
	char *names = NULL;
	size_t len;
	FILE *out = open_memstream(&names, &len);
	uint32_t i;
	int err;

	if (!out)
		return -ENOMEM;
	for (i = 0; i < l->n_columns; i++) {
		const char *name = screen_column_instead(l->columns[i]);

		fprintf(out, "%s%s", *name && ftell(out) ? "," : "", name);
	}
	err = fclose(out) ? -ENOMEM : 0;
	/* Where the screen's are all that is shown, there is nothing to write. */
	if (!err && *names)
		err = column_list_parse(columns, l->data, names, NULL);
	free(names);
	return err;
}

/* The rows that live */
static int write_list(FILE *out, const struct ui *ui, uint32_t *n)
{
	const struct list *l = ui->list;
	struct column_list columns = { 0 };
	struct rows rows = { 0 };
	uint32_t i;
	int err = choose_columns(&columns, l);

	for (i = 0; i < l->rows.n && !err; i++)
		if (!history_is_dead(&ui->history, l->view->kind, l->rows.rows[i]))
			err = rows_add(&rows, l->rows.rows[i]);
	if (!err)
		err = write_rows(out, l->view->name, &ui->history.model, &rows, &columns);
	*n = rows.n;
	rows_free(&rows);
	free(columns.columns);
	return err;
}

/* The buffer, its holders and its attachments, with all their columns */
static int write_buffer(FILE *out, const struct ui *ui, uint32_t *n)
{
	static const char *const views[] = { "buffers", "holders", "attachments" };
	const struct model *m = &ui->history.model;
	uint32_t at = index_get(&m->by_ino, ui->detail), holders, v, i;
	const struct model_buffer *b;
	int err = 0;

	if (at == INDEX_NONE)
		return -ENOENT;
	b = &m->buffers[at];
	/* Each attachment is of a holder, too: the importer. */
	holders = b->procs + lines_sockets(m, b) + b->attachments;
	for (v = 0; v < 3 && !err; v++) {
		struct column_list columns = { 0 };
		struct rows rows = { 0 };
		uint32_t count = v == 0 ? 1 : v == 1 ? holders : b->attachments;

		err = column_list_parse(&columns, view_find(views[v]), NULL, NULL);
		for (i = 0; i < count && !err; i++)
			err = rows_add(&rows, v == 0 ? (const void *)b :
				       v == 1 ? (const void *)&m->holders[b->first_holder + i] :
				       (const void *)&m->attachments[b->first_attachment + i]);
		if (!err)
			err = write_rows(out, views[v], m, &rows, &columns);
		*n += rows.n;
		rows_free(&rows);
		free(columns.columns);
	}
	return err;
}

int write_shown(const struct ui *ui, const char *path, uint32_t *rows)
{
	/* A file that is there, or a link that somebody put there, stays as it is. */
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_PRIVATE), err;
	FILE *out;

	if (fd < 0)
		return -errno;
	out = fdopen(fd, "w");
	if (!out) {
		close(fd);
		return -ENOMEM;
	}
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
