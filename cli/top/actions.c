// SPDX-License-Identifier: GPL-2.0
/* Handlers of keys change the state and return the necessary reaction. They never draw. */
#include <curses.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "output/text.h"
#include "source/source.h"
#include "top/actions.h"
#include "top/setup.h"
#include "top/ui.h"

void ui_say(struct ui *ui, bool bad_news, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(ui->message, sizeof(ui->message), format, args);
	va_end(args);
	ui->bad_news = bad_news;
}

bool ui_has_chart(const struct ui *ui)
{
	return ui->chart && ui->list->view->chart && !ui->help && !ui->detail;
}

uint32_t ui_needs(const struct ui *ui)
{
	const struct list *l = ui->list;
	uint32_t needs = l->view->data->needs | (l->scope ? l->scope->data->needs : 0), c;

	if (ui->detail)
		needs |= MODEL_WATCHES_STATE | MODEL_WATCHES_TIMES;
	/* Columns without room need no hooks. */
	for (c = 0; c < l->n_columns; c++)
		if (l->places[c].w)
			needs |= l->columns[c]->needs;
	return needs;
}

/* Whether a page of text replaces the list. */
bool ui_has_panel(const struct ui *ui)
{
	return ui->help || ui->detail;
}

unsigned int act_help(struct ui *ui, int arg)
{
	ui->help = !ui->help;
	ui->panel.top = 0;
	return REACT_COLLECT;
}

unsigned int act_sort_beside(struct ui *ui, int by)
{
	if (ui_has_panel(ui))
		return 0;
	list_sort_beside(ui->list, by);
	return REACT_COLLECT;
}

unsigned int act_invert(struct ui *ui, int arg)
{
	if (ui_has_panel(ui))
		return 0;
	ui->list->invert = !ui->list->invert;
	return REACT_COLLECT;
}

unsigned int act_view(struct ui *ui, int view)
{
	ui->help = false;
	ui->detail = 0;
	ui->list = &ui->lists[view];
	return REACT_COLLECT;
}

/* The shown view, or the view behind a list opened by Enter. */
static int view_number(const struct ui *ui)
{
	const struct screen_view *view = ui->list->scope ? ui->list->scope : ui->list->view;

	return view - screen_views;
}

unsigned int act_next_view(struct ui *ui, int by)
{
	int view = view_number(ui);

	do
		view = (view + VIEWS + by) % VIEWS;
	while (!screen_views[view].data);
	return act_view(ui, view);
}

unsigned int act_move(struct ui *ui, int by)
{
	int64_t top = (int64_t)ui->panel.top + by;

	/* Drawing limits the top, so that the last lines of a panel fill the screen. */
	if (!ui_has_panel(ui))
		list_move(ui->list, by);
	else if (top < ui->panel.n)
		ui->panel.top = top < 0 ? 0 : top;
	return REACT_DRAW;
}

unsigned int act_page(struct ui *ui, int by)
{
	int h = ui->layout.list.h, lines = (ui_has_panel(ui) ? h : h / ui->list->height) - 1;

	return act_move(ui, by * (lines > 1 ? lines : 1));
}

unsigned int act_home(struct ui *ui, int arg)
{
	if (ui_has_panel(ui))
		ui->panel.top = 0;
	else
		list_home(ui->list);
	return REACT_DRAW;
}

unsigned int act_end(struct ui *ui, int arg)
{
	return act_move(ui, (int)(ui_has_panel(ui) ? ui->panel.n - ui->panel.top - 1 :
				  list_count(ui->list)));
}

static unsigned int enter_list(struct ui *ui, const struct screen_view *view, const void *row)
{
	view->name(&ui->history.model, row, ui->scoped.scope_title,
		   sizeof(ui->scoped.scope_title));
	ui->scoped.scope = view;
	ui->scoped.scope_key = view->id(row);
	list_home(&ui->scoped);
	if (ui->list != &ui->scoped)
		ui->from = ui->list;
	ui->list = &ui->scoped;
	return REACT_COLLECT;
}

static unsigned int enter_buffer(struct ui *ui, const struct model_buffer *b)
{
	ui->detail = b->ino;
	ui->panel.top = 0;
	return REACT_COLLECT;
}

/* Enter: buffers of a row, details of a buffer, buffers of a process or device in an open row. */
unsigned int act_enter(struct ui *ui, int arg)
{
	const struct screen_view *view = ui->list->view;
	const struct model *m = &ui->history.model;
	struct line line = list_selected(ui->list);
	const struct model_attachment *a = line.row;
	const struct model_holder *h = line.row;
	const struct model_buffer *b;

	if (ui_has_panel(ui) || !line.row)
		return 0;
	if (view->chart) {
		ui->chart = !ui->chart;
		return REACT_DRAW;
	}
	switch (line.kind) {
	case LINE_HOLDER:
		return enter_list(ui, &screen_views[VIEW_PROCESSES], &m->processes[h->process]);
	case LINE_SOCKET:
		return enter_buffer(ui, line.parent);
	case LINE_ATTACHMENT:
		return enter_list(ui, &screen_views[VIEW_DEVICES], &m->devices[a->device]);
	case LINE_BUFFER:
		return enter_buffer(ui, line.row);
	default:
		b = view->buffer ? view->buffer(m, line.row) : NULL;
		return b ? enter_buffer(ui, b) : enter_list(ui, view, line.row);
	}
}

unsigned int act_back(struct ui *ui, int arg)
{
	if (ui->help)
		return act_help(ui, 0);
	if (ui->detail)
		ui->detail = 0;
	else if (ui_has_chart(ui))
		ui->chart = false;
	else if (ui->list->scope)
		ui->list = ui->from;
	else
		return 0;
	return REACT_COLLECT;
}

unsigned int act_open(struct ui *ui, int arg)
{
	if (ui_has_panel(ui))
		return 0;
	/* An operation opens its chart. */
	if (ui->list->view->chart)
		return act_enter(ui, 0);
	return list_toggle_open(ui->list) ? REACT_QUIT : REACT_COLLECT;
}

unsigned int act_tag(struct ui *ui, int arg)
{
	if (ui_has_panel(ui))
		return 0;
	if (list_toggle_tag(ui->list))
		return REACT_QUIT;
	list_move(ui->list, 1);
	return REACT_COLLECT;
}

unsigned int act_untag(struct ui *ui, int arg)
{
	index_clear(&ui->list->tagged);
	return REACT_COLLECT;
}

unsigned int act_scale(struct ui *ui, int arg)
{
	if (!ui_has_chart(ui))
		return 0;
	ui->logarithmic = !ui->logarithmic;
	return REACT_DRAW;
}

unsigned int act_colours(struct ui *ui, int arg)
{
	ui->no_colours = !ui->no_colours;
	return REACT_DRAW;
}

unsigned int act_setup(struct ui *ui, int arg)
{
	char path[4096] = "", safe[200];
	int err = setup_write(ui, path, sizeof(path));

	text_safe(safe, sizeof(safe), path);
	if (err && !*path)
		ui_say(ui, true, "cannot save the settings: HOME is not set");
	else if (err)
		ui_say(ui, true, "cannot write %s: %s", safe, strerror(-err));
	else
		ui_say(ui, false, "settings saved in %s", safe);
	return REACT_DRAW;
}

unsigned int act_pause(struct ui *ui, int arg)
{
	ui->paused = !ui->paused;
	/* At its end, a recording plays from its start */
	if (source_is_recording(ui->source) && !ui->paused &&
	    !source_choose(ui->source, source_moment(ui->source) + 1))
		source_choose(ui->source, 0);
	return ui->paused ? REACT_DRAW : REACT_SNAPSHOT;
}

unsigned int act_step(struct ui *ui, int by)
{
	if (!source_is_recording(ui->source)) {
		ui_say(ui, true, "not a recording: start with -r FILE to step through time");
		return REACT_DRAW;
	}
	ui->paused = true;
	if (source_choose(ui->source, (int64_t)source_moment(ui->source) + by))
		return REACT_SNAPSHOT;
	ui_say(ui, false, by < 0 ? "this is the first snapshot" : "this is the last snapshot");
	return REACT_DRAW;
}

unsigned int act_refresh(struct ui *ui, int arg)
{
	return REACT_CLEAR | (ui->paused ? REACT_DRAW : REACT_SNAPSHOT);
}

unsigned int act_quit(struct ui *ui, int arg)
{
	return REACT_QUIT;
}
