// SPDX-License-Identifier: GPL-2.0
/* What keys do: handlers change the state, and say what is to be done; they never draw. */
#include <stdio.h>
#include <string.h>

#include "output/text.h"
#include "top/ui.h"

unsigned int act_help(struct ui *ui, int arg)
{
	(void)arg;
	ui->help = !ui->help;
	return REACT_DRAW;
}

unsigned int act_sort_beside(struct ui *ui, int by)
{
	list_sort_beside(ui->list, by);
	return REACT_COLLECT;
}

unsigned int act_invert(struct ui *ui, int arg)
{
	(void)arg;
	ui->list->invert = !ui->list->invert;
	return REACT_COLLECT;
}

unsigned int act_view(struct ui *ui, int number)
{
	ui->help = false;
	ui->list = &ui->lists[number];
	return REACT_COLLECT;
}

/* The view that is shown, or from which the list that is shown was opened. */
static int view_number(const struct ui *ui)
{
	const struct screen_view *view = ui->list->scope ? ui->list->scope : ui->list->view;

	return view - screen_views;
}

unsigned int act_next_view(struct ui *ui, int by)
{
	return act_view(ui, (view_number(ui) + SCREEN_VIEWS + by) % SCREEN_VIEWS);
}

unsigned int act_move(struct ui *ui, int by)
{
	list_move(ui->list, by);
	return REACT_DRAW;
}

unsigned int act_page(struct ui *ui, int by)
{
	return act_move(ui, by * (ui->layout.list.h > 1 ? ui->layout.list.h - 1 : 1));
}

unsigned int act_home(struct ui *ui, int arg)
{
	(void)arg;
	list_home(ui->list);
	return REACT_DRAW;
}

unsigned int act_end(struct ui *ui, int arg)
{
	(void)arg;
	list_move(ui->list, ui->list->rows.n);
	return REACT_DRAW;
}

/* "812 camsrv", "vivid.0": what the list that a row opens is called. */
static void title_of(struct list *list, const struct screen_view *view, const void *row)
{
	const struct model_process *p = row;
	const char *name = "-";
	size_t len = 0;

	switch (view->kind) {
	case KIND_PROCESS:
		name = p->comm;
		if (p->pid)
			len = snprintf(list->scope_title, sizeof(list->scope_title), "%u ", p->pid);
		break;
	case KIND_DEVICE:
		name = ((const struct model_device *)row)->device;
		break;
	case KIND_EXPORTER:
		name = ((const struct model_exporter *)row)->exporter;
		break;
	default:
		break;
	}
	text_safe(list->scope_title + len, sizeof(list->scope_title) - len, name ? name : "-");
}

unsigned int act_enter(struct ui *ui, int arg)
{
	const struct screen_view *view = ui->list->view;
	const void *row = list_selected(ui->list);

	(void)arg;
	if (ui->help || !row || !view->holds)
		return 0;
	title_of(&ui->scoped, view, row);
	ui->scoped.scope = view;
	ui->scoped.scope_key = history_key(view->kind, row);
	list_home(&ui->scoped);
	ui->list = &ui->scoped;
	return REACT_COLLECT;
}

unsigned int act_back(struct ui *ui, int arg)
{
	(void)arg;
	if (ui->help)
		return act_help(ui, 0);
	return ui->list->scope ? act_view(ui, view_number(ui)) : 0;
}

unsigned int act_pause(struct ui *ui, int arg)
{
	(void)arg;
	ui->paused = !ui->paused;
	return ui->paused ? REACT_DRAW : REACT_SNAPSHOT;
}

unsigned int act_refresh(struct ui *ui, int arg)
{
	(void)arg;
	return REACT_CLEAR | (ui->paused ? REACT_DRAW : REACT_SNAPSHOT);
}

unsigned int act_quit(struct ui *ui, int arg)
{
	(void)ui;
	(void)arg;
	return REACT_QUIT;
}
