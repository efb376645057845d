// SPDX-License-Identifier: GPL-2.0
/* Draws the state; called by screen.c only. Changes nothing but where things are scrolled to. */
#define _GNU_SOURCE
#include <curses.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "output/output.h"
#include "output/text.h"
#include "source/source.h"
#include "top/ui.h"

/*
 * Colours that can be read on light and dark alike, on the terminal's own background where text
 * stands on it: of 256, those with a contrast of about 4 to black and to white.
 */
static const struct {
	short few, many;		/* of 8; of 256 */
	short background;		/* -1: the terminal's */
	attr_t attributes;		/* with colours */
	attr_t plain;			/* without */
} looks[ROLES] = {
	[ROLE_PLAIN] = { -1, -1, -1, 0, 0 },
	[ROLE_TITLE] = { -1, -1, -1, A_BOLD, A_BOLD },
	[ROLE_HEAD] = { COLOR_BLACK, 16, COLOR_GREEN, 0, A_REVERSE },
	[ROLE_SORTED] = { COLOR_BLACK, 16, COLOR_CYAN, 0, A_REVERSE | A_BOLD },
	[ROLE_SELECTED] = { COLOR_BLACK, 16, COLOR_CYAN, 0, A_REVERSE },
	[ROLE_BAR] = { COLOR_GREEN, 28, -1, 0, 0 },
	[ROLE_TAB] = { COLOR_BLACK, 16, COLOR_GREEN, 0, A_REVERSE },
	[ROLE_KEY] = { -1, -1, -1, 0, 0 },
	[ROLE_LABEL] = { COLOR_BLACK, 16, COLOR_CYAN, 0, A_REVERSE },
	[ROLE_KERNEL_ONLY] = { COLOR_RED, 160, -1, 0, A_BOLD },
	[ROLE_UNEXPLAINED] = { COLOR_MAGENTA, 127, -1, 0, A_UNDERLINE },
	[ROLE_GROWING] = { COLOR_GREEN, 28, -1, 0, 0 },
	[ROLE_DEAD] = { -1, 243, -1, 0, A_DIM },
	[ROLE_TAGGED] = { COLOR_CYAN, 130, -1, 0, A_BOLD | A_UNDERLINE },
	[ROLE_WARNING] = { COLOR_RED, 160, -1, A_BOLD, A_BOLD },
	[ROLE_DETAIL] = { -1, 243, -1, 0, 0 },
};

void draw_init(struct ui *ui)
{
	int role;

	ui->colours = has_colors() && start_color() != ERR;
	if (!ui->colours)
		return;
	use_default_colors();
	for (role = 1; role < ROLES; role++)
		init_pair(role, COLORS >= 256 ? looks[role].many : looks[role].few,
			  looks[role].background);
}

static attr_t look(const struct ui *ui, enum role role)
{
	if (!ui->colours || ui->no_colours)
		return looks[role].plain;
	/* Grey is not among eight colours. */
	return COLOR_PAIR(role) | looks[role].attributes |
	       (role == ROLE_DEAD && COLORS < 256 ? A_DIM : 0);
}

int draw_text(const struct ui *ui, int y, int x, int width, enum role role, const char *text)
{
	char line[LINE_ROOM];
	int w = text_width(text);

	if (width <= 0)
		return 0;
	if (w > width) {
		cell_fit(line, sizeof(line), text, width, CUT_TAIL, false);
		text = line;
		w = width;
	}
	attrset(look(ui, role));
	mvaddstr(y, x, text);
	attrset(A_NORMAL);
	return w;
}

int draw_format(const struct ui *ui, int y, int x, int width, enum role role,
		const char *format, ...)
{
	char text[LINE_ROOM];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return draw_text(ui, y, x, width, role, text);
}

void draw_fill(const struct ui *ui, int y, int x, int width, enum role role)
{
	draw_format(ui, y, x, width, role, "%*s", width > 0 ? width : 0, "");
}

void draw_spot(struct ui *ui, struct rect rect, int key, const struct column *column)
{
	if (ui->n_spots < MAX_SPOTS)
		ui->spots[ui->n_spots++] = (struct spot){ rect, key, column };
}

static void draw_title(const struct ui *ui)
{
	const struct rect *r = &ui->layout.title;
	const struct model *m = &ui->history.model;
	char parts[3][80], right[256] = "", lost[32];
	time_t seconds = m->time;
	int i, x;
	struct tm tm;

	if (!r->h)
		return;
	x = draw_text(ui, r->y, 0, r->w, ROLE_TITLE, "dmabuf-top");
	if (source_is_recording(ui->source))
		x += draw_format(ui, r->y, x, r->w - x, ROLE_PLAIN, "  recording %u/%u%s",
				 source_moment(ui->source) + 1, source_moments(ui->source),
				 ui->paused ? "" : " playing");
	else if (ui->paused)
		x += draw_text(ui, r->y, x, r->w - x, ROLE_WARNING, "  PAUSED");
	else
		x += draw_format(ui, r->y, x, r->w - x, ROLE_PLAIN, "  live %gs",
				 ui->options->delay);
	if (ui->starting)
		return;
	if (m->source) {
		text_safe(parts[0], sizeof(parts[0]), m->source);
		x += draw_format(ui, r->y, x, r->w - x, ROLE_PLAIN, "  %s", parts[0]);
	}
	if (m->source && !model_complete(m))
		x += draw_text(ui, r->y, x, r->w - x, ROLE_WARNING, "  incomplete");
	if (m->watched)
		x += draw_format(ui, r->y, x, r->w - x, m->lost ? ROLE_WARNING : ROLE_PLAIN,
				 "  lost %s", cell_thousands(lost, m->lost));
	if (m->no_hooks)
		x += draw_text(ui, r->y, x, r->w - x, ROLE_WARNING,
			       source_is_recording(ui->source) ? "  no events" : "  no hooks");
	text_safe(parts[0], sizeof(parts[0]), ui->source->release);
	text_safe(parts[1], sizeof(parts[1]), ui->source->host);
	localtime_r(&seconds, &tm);
	strftime(parts[2], sizeof(parts[2]), "%H:%M:%S", &tm);
	/* The time stays longest. */
	for (i = 0; i < 3; i++) {
		snprintf(right, sizeof(right), "%s%s%s%s%s", i < 1 ? parts[0] : "", i < 1 ? "  " : "",
			 i < 2 ? parts[1] : "", i < 2 ? "  " : "", parts[2]);
		if (text_width(right) + 2 <= r->w - x) {
			draw_text(ui, r->y, r->w - text_width(right), r->w, ROLE_PLAIN, right);
			break;
		}
	}
}

static void draw_summary(const struct ui *ui)
{
	const struct rect *r = &ui->layout.summary;
	const struct history *h = &ui->history;
	const struct model_totals *t = &h->model.totals;
	char n[32], size[8], ns[16];
	uint64_t p99;
	int x;

	if (!r->h)
		return;
	if (ui->starting) {
		draw_text(ui, r->y, 0, r->w, ROLE_PLAIN, "Buffers -   Held -   peak -");
		return;
	}
	x = draw_format(ui, r->y, 0, r->w, ROLE_PLAIN, "Buffers %s", cell_thousands(n, t->buffers));
	if (h->rates_known)
		x += draw_format(ui, r->y, x, r->w - x, ROLE_PLAIN, " (+%.0f -%.0f/s)", h->born,
				 h->died);
	x += draw_format(ui, r->y, x, r->w - x, ROLE_PLAIN, "   Held %s",
			 text_size(size, t->bytes));
	if (ui->source->memory)
		x += draw_format(ui, r->y, x, r->w - x, ROLE_PLAIN, " of %s",
			  text_size(size, ui->source->memory));
	x += draw_format(ui, r->y, x, r->w - x, ROLE_PLAIN, "   peak %s",
			 text_size(size, h->peak));
	if (map_percentile(&h->model, NULL, NULL, 99, &p99))
		draw_format(ui, r->y, x, r->w - x, ROLE_PLAIN, "   map p99 %s", cell_ns(ns, p99));
}

int draw_bar(const struct ui *ui, int y, int x, int width, double part, double whole)
{
	static const char *const eighths[] = {
		"", "\u258f", "\u258e", "\u258d", "\u258c", "\u258b", "\u258a", "\u2589",
	};
	char bar[LINE_ROOM] = "";
	size_t at = 0;
	int n = 0, i;

	/* A narrow screen has no room for one; sums of a forged recording may wrap */
	if (width > LINE_ROOM / 4)
		width = LINE_ROOM / 4;
	if (whole && width > 0)
		n = (part < whole ? part / whole : 1) * width * 8 + 0.5;
	if (part > 0 && !n && width > 0)
		n = 1;
	if (!ui->utf8)
		n = (n + 7) / 8 * 8;
	for (i = 0; i < n / 8; i++)
		at += snprintf(bar + at, sizeof(bar) - at, "%s", ui->utf8 ? "\u2588" : "#");
	snprintf(bar + at, sizeof(bar) - at, "%s", eighths[n % 8]);
	return draw_text(ui, y, x, width, ROLE_BAR, bar);
}

#define BAR_NAME 12
#define BAR_FIGURES 15		/* bytes and buffers, and what stands between */

static void draw_bars(const struct ui *ui)
{
	const struct rect *r = &ui->layout.bars;
	const struct model *m = &ui->history.model;
	uint32_t i;

	for (i = 0; (int)i < r->h && i < ui->exporters.n; i++) {
		const struct model_exporter *e = ui->exporters.rows[i];
		char name[256], cell[LINE_ROOM], size[8], count[8];
		int y = r->y + i, width = r->w - BAR_NAME - 1 - BAR_FIGURES;

		text_safe(name, sizeof(name), e->exporter ? e->exporter : "-");
		draw_text(ui, y, 0, r->w, ROLE_PLAIN,
		    cell_fit(cell, sizeof(cell), name, BAR_NAME, CUT_MIDDLE, false));
		draw_bar(ui, y, BAR_NAME + 1, width, e->bytes, m->totals.bytes);
		draw_format(ui, y, r->w - BAR_FIGURES + 2, BAR_FIGURES, ROLE_PLAIN, "%6s %5s",
		     text_size(size, e->bytes), text_count(count, e->buffers));
	}
}

#define FACTS 3

/* What grows may hold some that are suspect for another reason: it is no part of what is held. */
static uint64_t suspect_sum(const struct suspects *s)
{
	uint64_t bytes = 0;
	uint32_t i;

	for (i = 0; i < s->n; i++)
		bytes += s->rows[i].bytes;
	return bytes;
}

static void draw_facts(const struct ui *ui)
{
	const struct rect *r = &ui->layout.facts;
	const struct model *m = &ui->history.model;
	const struct model_totals *t = &m->totals;
	char size[8], count[8];

	if (r->h > 0 && t->kernel_only_known)
		draw_format(ui, r->y, r->x + 2, r->w - 2,
			    t->kernel_only_buffers ? ROLE_KERNEL_ONLY : ROLE_PLAIN,
			    "kernel-only %5s %6s", text_count(count, t->kernel_only_buffers),
			    text_size(size, t->kernel_only_bytes));
	if (r->h > 1 && m->sees & MODEL_SEES_HOLDERS)
		draw_format(ui, r->y + 1, r->x + 2, r->w - 2,
			    t->unexplained_buffers ? ROLE_UNEXPLAINED : ROLE_PLAIN,
			    "unexplained %5s %6s", text_count(count, t->unexplained_buffers),
			    text_size(size, t->unexplained_bytes));
	if (r->h > 2 && m->sees & MODEL_SEES_HOLDERS)
		draw_format(ui, r->y + 2, r->x + 2, r->w - 2,
			    m->suspects.n ? ROLE_GROWING : ROLE_PLAIN, "suspects    %5s %6s",
			    text_count(count, m->suspects.n),
			    text_size(size, suspect_sum(&m->suspects)));
}

static void draw_tabs(struct ui *ui)
{
	const struct rect *r = &ui->layout.tabs;
	const struct screen_view *shown = ui->list->scope ? ui->list->scope : ui->list->view, *v;
	const struct screen_view *end = screen_views + VIEWS;
	int x = 0, w, all = 0;

	for (v = screen_views; v < end; v++)
		if (v->data)
			all += snprintf(NULL, 0, "%c %s ", v->key, v->tab);
	/* The brackets of the one that is shown stand in the cells between. */
	for (v = screen_views; r->h && v < end; v++) {
		bool is_shown = v == shown;

		if (!v->data)
			continue;
		/* Where there is no room for all, the others are numbers. */
		if (!is_shown && all > r->w)
			w = draw_format(ui, r->y, x + 1, r->w - x - 1, ROLE_PLAIN, "%c", v->key);
		else
			w = draw_format(ui, r->y, x + !is_shown, r->w - x - !is_shown,
					is_shown ? ROLE_TAB : ROLE_PLAIN,
					is_shown ? "[%c %s]" : "%c %s", v->key, v->tab);
		draw_spot(ui, (struct rect){ x + !is_shown, r->y, w, 1 }, v->key, NULL);
		x += is_shown ? w - 1 : w + 1;
	}
	x++;
	if (r->h && ui->list->scope)
		draw_format(ui, r->y, x, r->w - x, ROLE_TITLE, " %s", ui->list->scope_title);
}

/* What the list has beside its rows: a filter, tags; what its figures mean, if there is room. */
static void list_state(const struct ui *ui, char *text, size_t room, int width)
{
	const struct list *l = ui->list;
	char filter[TEXT_SAFE_ROOM(sizeof(l->filter))], tagged[64] = "", size[8];

	text_safe(filter, sizeof(filter), l->filter);
	if (l->n_tagged && l->view->bytes)
		snprintf(tagged, sizeof(tagged), "%u tagged: %s%s", l->n_tagged,
			 text_size(size, l->tagged_bytes), l->view->unit ?: "");
	else if (l->n_tagged)
		snprintf(tagged, sizeof(tagged), "%u tagged", l->n_tagged);
	snprintf(text, room, "%s%s%s%s", *filter ? "filter: " : "",
		 *filter ? filter : l->view->legend, *tagged ? "   " : "", tagged);
	if (*tagged && text_width(text) > width)
		snprintf(text, room, "%s", tagged);
}

static void draw_status(const struct ui *ui)
{
	const struct rect *r = &ui->layout.status;
	const struct list *l = ui->list;
	const struct model *m = &ui->history.model;
	char right[80], one[32], all[32], state[512];
	bool panel = ui->help || ui->detail;
	uint32_t n = panel ? ui->panel.n : list_count(l);
	uint32_t at = panel ? ui->panel.top : l->cursor;
	int room;

	if (!r->h || ui->starting)
		return;
	snprintf(right, sizeof(right), "%s %s/%s", panel ? "line" : "row",
		 cell_thousands(one, n ? at + 1 : 0), cell_thousands(all, n));
	room = r->w - (int)strlen(right) - 3;
	if (room > 10)
		draw_text(ui, r->y, r->w - strlen(right) - 1, strlen(right), ROLE_PLAIN, right);
	else
		room = r->w - 1;
	list_state(ui, state, sizeof(state), room);
	if (*ui->message)
		draw_text(ui, r->y, 1, room, ui->bad_news ? ROLE_WARNING : ROLE_TITLE, ui->message);
	else if (ui->failed)
		draw_text(ui, r->y, 1, room, ROLE_WARNING, ui->source->error);
	else if (m->no_hooks && !*l->filter && !l->n_tagged)
		draw_format(ui, r->y, 1, room, ROLE_WARNING, "%s%s",
			    source_is_recording(ui->source) ? "" : "no hooks: ", m->no_hooks);
	else if (m->lacks && !*l->filter && !l->n_tagged)
		draw_format(ui, r->y, 1, room, ROLE_WARNING, "%s: %s", m->source, m->lacks);
	else if (!panel)
		draw_text(ui, r->y, 1, room, ROLE_PLAIN, state);
}

/* The label of a key where one is shown; NULL: none. */
static const char *label_of(const struct ui *ui, const struct binding *b)
{
	if (ui->help && (b->handle == act_signal || b->handle == act_prompt))
		return NULL;
	if (ui->help || ui->detail)
		return b->panel;
	/* What Enter does, the view says. */
	return b->label && !*b->label ? ui->list->view->enter : b->label;
}

static int draw_key(struct ui *ui, int x, const char *name, const char *label, int key)
{
	const struct rect *r = &ui->layout.keys;
	int from = x;

	x += draw_text(ui, r->y, x, r->w - x, ROLE_KEY, name);
	x += draw_text(ui, r->y, x, r->w - x, ROLE_LABEL, label);
	draw_spot(ui, (struct rect){ from, r->y, x - from, 1 }, key, NULL);
	return x + 1;
}

/* F1Help F6Sort ...: as many as fit; the last, how to leave, always. */
static void draw_keys(struct ui *ui)
{
	const struct rect *r = &ui->layout.keys;
	const struct binding *quit = &bindings[n_bindings - 1];
	int x = 0, last = strlen(key_text(quit->keys[0])) + strlen(quit->label);
	uint32_t i;

	for (i = 0; i < n_bindings; i++) {
		const char *name = key_text(bindings[i].keys[0]);
		const char *label = label_of(ui, &bindings[i]);
		int w;

		if (!label)
			continue;
		w = strlen(name) + strlen(label);
		if (x + w + (&bindings[i] == quit ? 0 : last + 1) > r->w && x)
			continue;
		x = draw_key(ui, x, name, label, bindings[i].keys[0]);
	}
}

/* The last line while something is asked. Returns where the terminal's cursor belongs. */
static int draw_dialog(struct ui *ui)
{
	const struct rect *r = &ui->layout.keys;
	char text[TEXT_SAFE_ROOM(sizeof(ui->dialog.text))];
	const char *label = dialog_label(ui), *end = text;
	int x;

	if (!ui->dialog.prompt) {
		x = draw_key(ui, 0, "Enter", "Choose", '\n');
		return draw_key(ui, x, "Esc", "Cancel", 27);
	}
	text_safe(text, sizeof(text), ui->dialog.text);
	x = draw_text(ui, r->y, 0, r->w, ROLE_TITLE, label);
	/* The end is where one types. */
	while (text_width(end) > r->w - x - 1 && *end)
		end++;
	x += draw_text(ui, r->y, x, r->w - x - 1, ROLE_PLAIN, end);
	draw_fill(ui, r->y, x, 1, ROLE_LABEL);
	return x;
}

void draw(struct ui *ui)
{
	struct layout *l = &ui->layout;
	int x = 0;

	layout_screen(l, ui->width, ui->height, ui->exporters.n, FACTS, dialog_width(ui));
	if (ui_has_chart(ui)) {
		layout_chart(l, ui->height);
		layout_chart(l, draw_chart_lines(ui, l->chart.h));
	}
	ui->n_spots = 0;
	erase();
	draw_title(ui);
	draw_summary(ui);
	draw_bars(ui);
	draw_facts(ui);
	draw_tabs(ui);
	if (ui->help || ui->detail)
		draw_panel(ui);
	else
		draw_list(ui);
	if (l->chart.h)
		draw_chart(ui);
	draw_menu(ui);
	draw_status(ui);
	if (l->keys.h && (ui->dialog.prompt || ui->dialog.menu))
		x = draw_dialog(ui);
	else if (l->keys.h)
		draw_keys(ui);
	/* Where the terminal cannot hide its cursor, it marks the row, or where one types. */
	if (ui->dialog.prompt)
		move(l->keys.y, x);
	else
		move(l->list.y + (int)list_y(ui->list, ui->list->cursor), l->list.x);
	refresh();
}
