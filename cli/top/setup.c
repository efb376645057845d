// SPDX-License-Identifier: GPL-2.0
/*
 * The settings file, $XDG_CONFIG_HOME/dmabuf-top/config: a name, =, a value on each line. Unknown
 * lines are ignored. The file is written only on request of the user.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "regular.h"
#include "top/setup.h"
#include "top/ui.h"

#define LINE_MAX_BYTES	512
#define LINES_MAX	256

/* Write the path of the directory with a suffix; false without a home. */
static bool path_of(char *path, size_t room, const char *file)
{
	const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int len;

	/* The specification ignores relative paths. */
	if (base && *base == '/')
		len = snprintf(path, room, "%s/dmabuf-top%s", base, file);
	else if (home && *home == '/')
		len = snprintf(path, room, "%s/.config/dmabuf-top%s", home, file);
	else
		return false;
	return len > 0 && (size_t)len < room;
}

static const char *view_name(unsigned int i)
{
	return i < VIEWS ? views[i].name : NULL;
}

static bool are_columns(const struct screen_view *view, const char *names)
{
	char name[32];

	if (!*names)
		return false;
	for (; *names; names += strcspn(names, ","), names += *names == ',') {
		size_t n = strcspn(names, ",");

		snprintf(name, sizeof(name), "%.*s", (int)n, names);
		if (n >= sizeof(name) || !screen_column(view, name))
			return false;
	}
	return true;
}

/* "processes.sort": a list and its setting */
static void set_list(struct ui *ui, const char *name, const char *value)
{
	size_t len = strcspn(name, ".");
	int v = name_find(view_name, name, len);
	struct list *l = &ui->lists[v < 0 ? 0 : v], fresh = { 0 };

	if (v < 0 || !screen_views[v].data || name[len] != '.')
		return;
	name += len + 1;
	if (!strcmp(name, "sort") && screen_column(l->view, value)) {
		l->sort = screen_column(l->view, value);
	} else if (!strcmp(name, "invert")) {
		l->invert = !strcmp(value, "yes");
	} else if (!strcmp(name, "columns") && are_columns(l->view, value) &&
		   !list_init(&fresh, l->view, value)) {
		fresh.sort = l->sort;
		fresh.invert = l->invert;
		list_free(l);
		*l = fresh;
	}
}

static void set(struct ui *ui, const char *name, const char *value)
{
	if (!strcmp(name, "delay")) {
		double delay = strtod(value, NULL);

		if (delay >= 0.1 && delay <= 86400 && !ui->options->delay_given)
			ui->options->delay = delay;
	} else if (!strcmp(name, "colours")) {
		ui->no_colours = !strcmp(value, "no");
	} else {
		set_list(ui, name, value);
	}
}

static void read_lines(struct ui *ui, FILE *in)
{
	char line[LINE_MAX_BYTES];

	for (int i = 0; i < LINES_MAX && fgets(line, sizeof(line), in); i++) {
		char *value = strchr(line, '=');

		line[strcspn(line, "\n")] = '\0';
		if (!value)
			continue;
		*value++ = '\0';
		set(ui, line, value);
	}
}

void setup_read(struct ui *ui)
{
	char path[4096];
	FILE *in;
	int fd;

	if (!path_of(path, sizeof(path), "/config"))
		return;
	/* A FIFO must not block; root must not read the file of another user. */
	fd = regular_open(path, true, NULL);
	if (fd < 0)
		return;
	in = fdopen(fd, "r");
	if (!in) {
		close(fd);
		return;
	}
	read_lines(ui, in);
	fclose(in);
}

static void put_list(FILE *out, const struct list *l)
{
	const char *name = l->view->data->name;

	fprintf(out, "%s.columns=", name);
	for (uint32_t i = 0; i < l->n_columns; i++)
		fprintf(out, "%s%s", i ? "," : "", l->columns[i]->name);
	fprintf(out, "\n%s.sort=%s\n%s.invert=%s\n", name, l->sort->name, name,
		l->invert ? "yes" : "no");
}

/* Both directories may be missing. */
static int make_directory(const char *path)
{
	char above[4096];

	if (!mkdir(path, 0755) || errno == EEXIST)
		return 0;
	snprintf(above, sizeof(above), "%.*s", (int)(strrchr(path, '/') - path), path);
	mkdir(above, 0755);
	return mkdir(path, 0755) ? -errno : 0;
}

int setup_write(const struct ui *ui, char *path, size_t room)
{
	char directory[4096], new[4096];
	int fd, err;
	FILE *out;

	*path = '\0';
	if (!path_of(directory, sizeof(directory), "") || !path_of(new, sizeof(new), "/config.XXXXXX"))
		return -ENOENT;
	path_of(path, room, "/config");
	err = make_directory(directory);
	if (err)
		return err;
	/* Whole or not at all */
	fd = mkostemp(new, O_CLOEXEC);
	out = file_stream_of(fd < 0 ? -errno : fd);
	if (!out)
		return -errno;
	fprintf(out, "# settings of dmabuf-top, written by key S\ndelay=%g\ncolours=%s\n",
		ui->options->delay, ui->no_colours ? "no" : "yes");
	for (enum view_id v = 0; v < VIEWS; v++)
		if (screen_views[v].data)
			put_list(out, &ui->lists[v]);
	err = fclose(out) || rename(new, path) ? -errno : 0;
	if (err)
		unlink(new);
	return err;
}
