// SPDX-License-Identifier: GPL-2.0
/* Questions to the user: a line of text, or a menu; see dialog.h. No drawing. */
#include <curses.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "output/text.h"
#include "source/source.h"
#include "top/actions.h"
#include "top/dialog.h"
#include "top/paint.h"
#include "top/ui.h"
#include "top/write.h"

#define KEY_ESCAPE	27
#define CONTROL(c)	((c) & 0x1f)

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static const struct {
	int number;
	const char *name;
} signals[] = {
	{ SIGTERM, "TERM" }, { SIGKILL, "KILL" }, { SIGINT, "INT" }, { SIGHUP, "HUP" },
	{ SIGQUIT, "QUIT" }, { SIGABRT, "ABRT" }, { SIGUSR1, "USR1" }, { SIGUSR2, "USR2" },
	{ SIGSTOP, "STOP" }, { SIGCONT, "CONT" },
};

static void close_dialog(struct ui *ui)
{
	ui->dialog.prompt = PROMPT_NONE;
	ui->dialog.menu = MENU_NONE;
	ui->dialog.n_targets = 0;
}

unsigned int act_prompt(struct ui *ui, int prompt)
{
	struct dialog *d = &ui->dialog;

	if (ui->help || (ui->detail && prompt != PROMPT_WRITE && prompt != PROMPT_TIME))
		return 0;
	if (prompt == PROMPT_TIME && !source_is_recording(ui->source))
		return act_step(ui, 0);
	close_dialog(ui);
	d->prompt = prompt;
	d->from = ui->list->cursor;
	*d->text = '\0';
	if (prompt == PROMPT_FILTER)
		snprintf(d->text, sizeof(d->text), "%s", ui->list->filter);
	else if (prompt == PROMPT_WRITE)
		snprintf(d->text, sizeof(d->text), "dmabuf-top-%.0f.json", ui->history.model.time);
	return REACT_DRAW;
}

const char *dialog_label(const struct ui *ui)
{
	static const char *const labels[] = {
		[PROMPT_SEARCH] = "Search: ", [PROMPT_FILTER] = "Filter: ",
		[PROMPT_WRITE] = "Write to: ", [PROMPT_DELAY] = "Seconds between refreshes: ",
		[PROMPT_TIME] = "Go to ([DATET]HH:MM:SS, or seconds after the start): ",
	};

	return labels[ui->dialog.prompt];
}

unsigned int act_search_next(struct ui *ui, int by)
{
	uint32_t n;

	if (!*ui->search)
		return act_prompt(ui, PROMPT_SEARCH);
	n = list_count(ui->list);
	if (!n || !list_search(ui->list, &ui->history.model, ui->search,
			       (ui->list->cursor + n + by) % n, by))
		ui_say(ui, true, "no match for \"%s\"", ui->search);
	return REACT_DRAW;
}

static unsigned int search_text(struct ui *ui)
{
	snprintf(ui->search, sizeof(ui->search), "%.63s", ui->dialog.text);
	if (*ui->search &&
	    !list_search(ui->list, &ui->history.model, ui->search, ui->dialog.from, 1))
		list_move(ui->list, (int64_t)ui->dialog.from - ui->list->cursor);
	return REACT_DRAW;
}

static unsigned int set_filter(struct ui *ui, const char *text)
{
	snprintf(ui->list->filter, sizeof(ui->list->filter), "%.63s", text);
	return REACT_COLLECT;
}

static unsigned int write_to(struct ui *ui, const char *path)
{
	char safe[200];
	uint32_t rows = 0;
	int err = write_shown(ui, path, &rows);

	text_safe(safe, sizeof(safe), path);
	if (err)
		ui_say(ui, true, "cannot write %s: %s", safe, strerror(-err));
	else
		ui_say(ui, false, "%u rows written to %s", rows, safe);
	return REACT_DRAW;
}

static unsigned int set_delay(struct ui *ui, const char *text)
{
	char *end;
	double delay = strtod(text, &end);

	if (end == text || *end || !(delay >= 0.1 && delay <= 86400))
		ui_say(ui, true, "invalid delay (expected 0.1 to 86400 seconds)");
	else
		ui->options->delay = delay;
	/* The new delay starts now. */
	return ui->paused ? REACT_DRAW : REACT_SNAPSHOT;
}

/* Accept the times of dmabuf-trace report --from. */
static unsigned int go_to(struct ui *ui, const char *text)
{
	int64_t time;

	if (!options_time(text, source_time_of(ui->source, 0) * 1e9, &time)) {
		ui_say(ui, true, "invalid time (expected 12:34:56, DATET12:34:56 or seconds)");
		return REACT_DRAW;
	}
	ui->paused = true;
	source_choose(ui->source, source_moment_at(ui->source, time / 1e9));
	return REACT_SNAPSHOT;
}

static unsigned int commit(struct ui *ui)
{
	enum prompt prompt = ui->dialog.prompt;

	ui->dialog.prompt = PROMPT_NONE;
	switch (prompt) {
	case PROMPT_WRITE:
		return write_to(ui, ui->dialog.text);
	case PROMPT_DELAY:
		return set_delay(ui, ui->dialog.text);
	case PROMPT_TIME:
		return go_to(ui, ui->dialog.text);
	default:
		return REACT_DRAW;
	}
}

/* Search and filter show matches while the user types. */
static unsigned int edited(struct ui *ui)
{
	switch (ui->dialog.prompt) {
	case PROMPT_SEARCH:
		return search_text(ui);
	case PROMPT_FILTER:
		return set_filter(ui, ui->dialog.text);
	default:
		return REACT_DRAW;
	}
}

static unsigned int prompt_key(struct ui *ui, int key)
{
	char *text = ui->dialog.text;
	size_t len = strlen(text);

	switch (key) {
	case KEY_ESCAPE:
		if (ui->dialog.prompt == PROMPT_FILTER) {
			close_dialog(ui);
			return set_filter(ui, "");
		}
		close_dialog(ui);
		return REACT_DRAW;
	case '\n':
	case '\r':
	case KEY_ENTER:
		return commit(ui);
	case KEY_BACKSPACE:
	case 127:
	case '\b':
		/* All bytes of a character */
		while (len && (text[--len] & 0xc0) == 0x80)
			;
		text[len] = '\0';
		return edited(ui);
	case CONTROL('U'):
		*text = '\0';
		return edited(ui);
	case KEY_F(3):
		return ui->dialog.prompt == PROMPT_SEARCH ? act_search_next(ui, 1) : 0;
	}
	if (key < ' ' || key > 255 || len + 1 >= sizeof(ui->dialog.text))
		return 0;
	text[len] = key;
	text[len + 1] = '\0';
	return edited(ui);
}

unsigned int act_menu(struct ui *ui, int menu)
{
	uint32_t i = 0;
	const struct column *column;

	if (ui->help || ui->detail)
		return 0;
	close_dialog(ui);
	ui->dialog.menu = menu;
	ui->dialog.cursor = ui->dialog.top = 0;
	snprintf(ui->dialog.title, sizeof(ui->dialog.title), "%s",
		 menu == MENU_SORT ? "Sort by" : "Columns");
	while (menu == MENU_SORT && (column = screen_column_at(ui->list->view, i)))
		if (column == ui->list->sort)
			break;
		else
			i++;
	ui->dialog.cursor = menu == MENU_SORT && column ? i : 0;
	return REACT_DRAW;
}

bool dialog_item(const struct ui *ui, uint32_t i, char *text, size_t room)
{
	const struct dialog *d = &ui->dialog;
	const struct column *column;
	bool shown = false;

	switch (d->menu) {
	case MENU_SORT:
	case MENU_COLUMNS:
		column = screen_column_at(ui->list->view, i);
		if (!column)
			return false;
		for (uint32_t c = 0; c < ui->list->n_columns; c++)
			shown |= ui->list->columns[c] == column;
		snprintf(text, room, "%s%s", d->menu == MENU_SORT ? "" : shown ? "[x] " : "[ ] ",
			 column->name);
		return true;
	case MENU_HOLDERS:
		if (i >= d->n_targets)
			return false;
		snprintf(text, room, "%u ", d->targets[i].pid);
		text_safe(text + strlen(text), room - strlen(text), d->targets[i].comm);
		return true;
	case MENU_SIGNAL:
		if (i >= COUNT(signals))
			return false;
		snprintf(text, room, "%2d SIG%s", signals[i].number, signals[i].name);
		return true;
	default:
		return false;
	}
}

int dialog_width(const struct ui *ui)
{
	int width = text_width(ui->dialog.title);
	char text[LINE_ROOM];

	if (!ui->dialog.menu)
		return 0;
	for (uint32_t i = 0; dialog_item(ui, i, text, sizeof(text)); i++)
		if (width < text_width(text))
			width = text_width(text);
	return width + 2;
}

static int add_target(struct ui *ui, const struct model_process *p)
{
	struct dialog *d = &ui->dialog;
	struct target *t;

	if (!p->pid)
		return 0;
	t = array_add(&d->targets, &d->n_targets, &d->room_targets, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->pid = p->pid;
	snprintf(t->comm, sizeof(t->comm), "%s", p->comm);
	return 0;
}

/* Add the processes of a row. */
static void add_processes(struct ui *ui, enum view_id view, const void *row)
{
	const struct model *m = &ui->history.model;
	const struct model_process *p;

	for (uint32_t i = 0; screen_views[view].process; i++) {
		p = screen_views[view].process(m, row, i);
		if (!p)
			break;
		add_target(ui, p);
	}
}

static void add_tagged(struct ui *ui)
{
	const struct list *l = ui->list;

	for (uint32_t i = 0; i < l->rows.n; i++)
		if (list_is_tagged(l, l->rows.rows[i]) &&
		    !history_is_dead(&ui->history, l->view, l->rows.rows[i]))
			add_target(ui, l->rows.rows[i]);
}

/* Find possible targets of a signal, by the cursor, the tags and the open page. */
static void find_targets(struct ui *ui)
{
	const struct model *m = &ui->history.model;
	const struct screen_view *view = ui->list->view;
	struct line line = list_selected(ui->list);
	const struct model_holder *h = line.row;
	uint32_t i;

	ui->dialog.n_targets = 0;
	if (ui->detail) {
		i = index_get(&m->by_ino, ui->detail);
		if (i != INDEX_NONE)
			add_processes(ui, VIEW_BUFFERS, &m->buffers[i]);
	} else if (!line.row || history_is_dead(&ui->history, view, line.parent)) {
		return;
	} else if (view->processes && ui->list->n_tagged) {
		add_tagged(ui);
	} else if (view->processes || line.kind == LINE_ROW) {
		add_processes(ui, view - screen_views, line.parent);
	} else if (line.kind == LINE_HOLDER) {
		add_target(ui, &m->processes[h->process]);
	} else {
		add_processes(ui, VIEW_BUFFERS, line.kind == LINE_BUFFER ? line.row : line.parent);
	}
}

static void ask_signal(struct ui *ui)
{
	struct dialog *d = &ui->dialog;
	char comm[48];

	d->menu = MENU_SIGNAL;
	d->cursor = d->top = 0;
	text_safe(comm, sizeof(comm), d->targets[0].comm);
	if (d->n_targets == 1)
		snprintf(d->title, sizeof(d->title), "Send to %u %s", d->targets[0].pid, comm);
	else
		snprintf(d->title, sizeof(d->title), "Send to %u processes", d->n_targets);
}

unsigned int act_signal(struct ui *ui, int arg)
{
	struct dialog *d = &ui->dialog;

	if (ui->help)
		return 0;
	close_dialog(ui);
	if (source_is_recording(ui->source)) {
		ui_say(ui, true, "cannot signal processes of a recording");
		return REACT_DRAW;
	}
	find_targets(ui);
	if (!d->n_targets) {
		ui_say(ui, true, "cannot signal: %s", ui->detail ? "no process holds the buffer" :
		       !ui->list->rows.n ? "no row is selected" :
		       ui->list->view->no_process ?: "the row has no process");
	} else if (d->n_targets > 1 && (ui->detail || !ui->list->view->processes ||
		   !ui->list->n_tagged)) {
		d->menu = MENU_HOLDERS;
		d->cursor = d->top = 0;
		snprintf(d->title, sizeof(d->title), "Signal which?");
	} else {
		ask_signal(ui);
	}
	return REACT_DRAW;
}

/* The kernel reuses pids: signal only a process with the same name. */
static bool is_there(const struct model *m, const struct target *t)
{
	uint32_t i = index_get(&m->by_pid, t->pid);
	char comm[sizeof(t->comm)];

	if (i == INDEX_NONE)
		return false;
	snprintf(comm, sizeof(comm), "%s", m->processes[i].comm);
	return !strcmp(comm, t->comm);
}

static void send_signal(struct ui *ui, uint32_t which)
{
	const struct dialog *d = &ui->dialog;
	uint32_t i, sent = 0;

	for (i = 0; i < d->n_targets; i++) {
		const struct target *t = &d->targets[i];

		if (!is_there(&ui->history.model, t))
			ui_say(ui, true, "process %u has changed: no signal sent", t->pid);
		else if (kill(t->pid, signals[which].number))
			ui_say(ui, true, "cannot signal %u: %s", t->pid, strerror(errno));
		else
			sent++;
	}
	if (sent == d->n_targets)
		ui_say(ui, false, "SIG%s sent to %s", signals[which].name,
		       d->title + strlen("Send to "));
}

unsigned int dialog_choose(struct ui *ui, uint32_t item)
{
	struct dialog *d = &ui->dialog;
	const struct column *column;
	char text[LINE_ROOM];

	if (!dialog_item(ui, item, text, sizeof(text)))
		return 0;
	switch (d->menu) {
	case MENU_SORT:
		ui->list->sort = screen_column_at(ui->list->view, item);
		ui->list->invert = false;
		close_dialog(ui);
		return REACT_COLLECT;
	case MENU_COLUMNS:
		column = screen_column_at(ui->list->view, item);
		d->cursor = item;
		return list_toggle_column(ui->list, column) ? REACT_QUIT : REACT_DRAW;
	case MENU_HOLDERS:
		d->targets[0] = d->targets[item];
		d->n_targets = 1;
		ask_signal(ui);
		return REACT_DRAW;
	case MENU_SIGNAL:
		send_signal(ui, item);
		close_dialog(ui);
		return REACT_SNAPSHOT;
	default:
		return 0;
	}
}

static unsigned int menu_key(struct ui *ui, int key)
{
	struct dialog *d = &ui->dialog;
	char text[LINE_ROOM];
	uint32_t n = 0;

	while (dialog_item(ui, n, text, sizeof(text)))
		n++;
	switch (key) {
	case KEY_UP:
		d->cursor -= d->cursor > 0;
		break;
	case KEY_DOWN:
		d->cursor += d->cursor + 1 < n;
		break;
	case KEY_HOME:
	case KEY_PPAGE:
		d->cursor = 0;
		break;
	case KEY_END:
	case KEY_NPAGE:
		d->cursor = n - 1;
		break;
	case ' ':
	case '\n':
	case '\r':
	case KEY_ENTER:
		return dialog_choose(ui, d->cursor);
	case KEY_ESCAPE:
	case 'q':
	case KEY_F(10):
		close_dialog(ui);
		break;
	default:
		return 0;
	}
	return REACT_DRAW;
}

unsigned int dialog_key(struct ui *ui, int key)
{
	return ui->dialog.prompt ? prompt_key(ui, key) : menu_key(ui, key);
}
