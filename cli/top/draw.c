// SPDX-License-Identifier: GPL-2.0
/* Draws the state; called by screen.c only. Changes nothing but where the list is scrolled to. */
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

/* Widest screen that anything is drawn for, in bytes of UTF-8 with combining marks. */
#define LINE_ROOM 4096

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
	[ROLE_WARNING] = { COLOR_RED, 160, -1, A_BOLD, A_BOLD },
};

static bool colours;

void draw_init(struct ui *ui)
{
	const char *no = getenv("NO_COLOR");
	short role;

	colours = ui->colours = !(no && *no) && has_colors() && start_color() != ERR;
	if (!colours)
		return;
	use_default_colors();
	for (role = 1; role < ROLES; role++)
		init_pair(role, COLORS >= 256 ? looks[role].many : looks[role].few,
			  looks[role].background);
}

static attr_t look(enum role role)
{
	if (!colours)
		return looks[role].plain;
	/* Grey is not among eight colours. */
	return COLOR_PAIR(role) | looks[role].attributes |
	       (role == ROLE_DEAD && COLORS < 256 ? A_DIM : 0);
}

/* Text in at most width cells, not padded. Returns the cells it took. */
static int put(int y, int x, int width, enum role role, const char *text)
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
	attrset(look(role));
	mvaddstr(y, x, text);
	attrset(A_NORMAL);
	return w;
}

static int putf(int y, int x, int width, enum role role, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

static int putf(int y, int x, int width, enum role role, const char *format, ...)
{
	char text[LINE_ROOM];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return put(y, x, width, role, text);
}

static void fill(const struct rect *r, int x, enum role role)
{
	if (x < r->w)
		putf(r->y, r->x + x, r->w - x, role, "%*s", r->w - x, "");
}

static void draw_title(const struct ui *ui)
{
	const struct rect *r = &ui->layout.title;
	const struct model *m = &ui->history.model;
	char parts[3][80], right[256] = "";
	time_t seconds = m->time;
	int i, x;
	struct tm tm;

	if (!r->h)
		return;
	x = put(r->y, 0, r->w, ROLE_TITLE, "dmabuf-top");
	if (ui->paused)
		x += put(r->y, x, r->w - x, ROLE_WARNING, "  PAUSED");
	else
		x += putf(r->y, x, r->w - x, ROLE_PLAIN, "  live %gs", ui->options->delay);
	if (m->source)
		x += putf(r->y, x, r->w - x, ROLE_PLAIN, "  %s", m->source);
	if (m->source && !model_complete(m))
		x += put(r->y, x, r->w - x, ROLE_WARNING, "  incomplete");
	text_safe(parts[0], sizeof(parts[0]), ui->source->release);
	text_safe(parts[1], sizeof(parts[1]), ui->source->host);
	localtime_r(&seconds, &tm);
	strftime(parts[2], sizeof(parts[2]), "%H:%M:%S", &tm);
	/* The time stays longest. */
	for (i = 0; i < 3; i++) {
		snprintf(right, sizeof(right), "%s%s%s%s%s", i < 1 ? parts[0] : "", i < 1 ? "  " : "",
			 i < 2 ? parts[1] : "", i < 2 ? "  " : "", parts[2]);
		if (text_width(right) + 2 <= r->w - x) {
			put(r->y, r->w - text_width(right), r->w, ROLE_PLAIN, right);
			break;
		}
	}
}

static void draw_summary(const struct ui *ui)
{
	const struct rect *r = &ui->layout.summary;
	const struct history *h = &ui->history;
	const struct model_totals *t = &h->model.totals;
	char n[32], size[8];
	int x;

	if (!r->h)
		return;
	x = putf(r->y, 0, r->w, ROLE_PLAIN, "Buffers %s", cell_thousands(n, t->buffers));
	if (h->rates_known)
		x += putf(r->y, x, r->w - x, ROLE_PLAIN, " (+%.0f -%.0f/s)", h->born, h->died);
	x += putf(r->y, x, r->w - x, ROLE_PLAIN, "   Held %s", text_size(size, t->bytes));
	if (ui->source->memory)
		x += putf(r->y, x, r->w - x, ROLE_PLAIN, " of %s",
			  text_size(size, ui->source->memory));
	putf(r->y, x, r->w - x, ROLE_PLAIN, "   peak %s", text_size(size, h->peak));
}

/* A bar of eighths of a cell; what is not nothing shows at least the least. */
static void draw_bar(const struct ui *ui, int y, int x, int width, uint64_t part, uint64_t whole)
{
	static const char *const eighths[] = {
		"", "\u258f", "\u258e", "\u258d", "\u258c", "\u258b", "\u258a", "\u2589",
	};
	int n = whole ? (double)part / whole * width * 8 + 0.5 : 0, i;
	char bar[LINE_ROOM] = "";
	size_t at = 0;

	if (part && !n)
		n = 1;
	if (!ui->utf8)
		n = (n + 7) / 8 * 8;
	for (i = 0; i < n / 8; i++)
		at += snprintf(bar + at, sizeof(bar) - at, "%s", ui->utf8 ? "\u2588" : "#");
	snprintf(bar + at, sizeof(bar) - at, "%s", eighths[n % 8]);
	put(y, x, width, ROLE_BAR, bar);
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
		put(y, 0, r->w, ROLE_PLAIN,
		    cell_fit(cell, sizeof(cell), name, BAR_NAME, CUT_MIDDLE, false));
		draw_bar(ui, y, BAR_NAME + 1, width, e->bytes, m->totals.bytes);
		putf(y, r->w - BAR_FIGURES + 2, BAR_FIGURES, ROLE_PLAIN, "%6s %5s",
		     text_size(size, e->bytes), text_count(count, e->buffers));
	}
}

#define FACTS 2

static void draw_facts(const struct ui *ui)
{
	const struct rect *r = &ui->layout.facts;
	const struct model *m = &ui->history.model;
	const struct model_totals *t = &m->totals;
	char size[8], count[8];

	if (r->h > 0 && t->kernel_only_known)
		putf(r->y, r->x + 2, r->w - 2, t->kernel_only_buffers ? ROLE_KERNEL_ONLY : ROLE_PLAIN,
		     "kernel-only %5s %6s", text_count(count, t->kernel_only_buffers),
		     text_size(size, t->kernel_only_bytes));
	if (r->h > 1 && m->sees & MODEL_SEES_HOLDERS)
		putf(r->y + 1, r->x + 2, r->w - 2,
		     t->unexplained_buffers ? ROLE_UNEXPLAINED : ROLE_PLAIN, "unexplained %5s %6s",
		     text_count(count, t->unexplained_buffers), text_size(size, t->unexplained_bytes));
}

static void draw_tabs(const struct ui *ui)
{
	const struct rect *r = &ui->layout.tabs;
	const struct screen_view *shown = ui->list->scope ? ui->list->scope : ui->list->view;
	int i, x = 0;

	for (i = 0; r->h && i < SCREEN_VIEWS; i++) {
		const char *title = view_find(screen_views[i].name)->title;

		if (&screen_views[i] == shown)
			x += putf(r->y, x, r->w - x, ROLE_TAB, "[%d %s]", i + 1, title);
		else
			x += putf(r->y, x, r->w - x, ROLE_PLAIN, " %d %s ", i + 1, title);
	}
	if (r->h && ui->list->scope)
		putf(r->y, x, r->w - x, ROLE_TITLE, " %s", ui->list->scope_title);
}

static bool is_right(const struct column *c)
{
	return c->type != VALUE_STRING && c->type != VALUE_LIST;
}

static const char *cell_text(const struct ui *ui, const struct column *c, const void *row, char *buf)
{
	struct value v = { 0 };

	if (!screen_column_is_rate(c))
		return output_cell(buf, c, &ui->history.model, row, ui->options->common.bytes);
	c->get(&ui->history.model, row, &v);
	if (!v.known)
		return strcpy(buf, "-");
	return cell_rate(buf, (int64_t)(v.number ^ (1ULL << 63)));
}

static const char *column_title(const struct ui *ui, const struct column *c)
{
	return screen_column_is_rate(c) && !ui->utf8 ? "+-/s" : c->title;
}

/* Columns as wide as what they have to show; they only grow, so that nothing jumps about. */
static void measure(const struct ui *ui)
{
	struct list *l = ui->list;
	const struct rect *r = &ui->layout.list;
	char buf[OUTPUT_CELL_ROOM];
	uint32_t i, c;

	for (c = 0; c < l->n_columns; c++) {
		struct layout_column *place = &l->places[c];
		int least = text_width(column_title(ui, l->columns[c])) + 1;

		if (place->min < least)
			place->min = least;
		for (i = l->top; i < l->rows.n && i < l->top + r->h; i++) {
			int w = text_width(cell_text(ui, l->columns[c], l->rows.rows[i], buf));

			if (place->want < w)
				place->want = w;
		}
		/* Half a number is none. */
		if (is_right(l->columns[c]) && place->min < place->want)
			place->least = place->min = place->want;
		if (place->want < place->min)
			place->want = place->min;
	}
	layout_columns(l->places, l->n_columns, ui->width);
}

static void draw_head(const struct ui *ui)
{
	const struct rect *r = &ui->layout.head;
	const struct list *l = ui->list;
	bool down;
	uint32_t c;

	if (!r->h)
		return;
	fill(r, 0, ROLE_HEAD);
	for (c = 0; c < l->n_columns; c++) {
		const struct column *column = l->columns[c];
		const struct layout_column *place = &l->places[c];
		char title[64], cell[LINE_ROOM];
		bool sorted = column == l->sort;

		if (!place->w)
			continue;
		/* The arrow points to where values grow less. */
		down = (column->type != VALUE_STRING && column->type != VALUE_ID) != l->invert;
		snprintf(title, sizeof(title), "%s%s", column_title(ui, column), !sorted ? "" :
			 ui->utf8 ? down ? "\u25bc" : "\u25b2" : down ? "v" : "^");
		put(r->y, place->x, place->w, sorted ? ROLE_SORTED : ROLE_HEAD,
		    cell_fit(cell, sizeof(cell), title, place->w, CUT_TAIL, is_right(column)));
	}
}

static void draw_row(const struct ui *ui, int y, const void *row, bool selected)
{
	const struct list *l = ui->list;
	enum role role = ROLE_SELECTED;
	uint32_t c;

	if (selected)
		fill(&(struct rect){ 0, y, ui->width, 1 }, 0, role);
	else if (history_is_dead(&ui->history, l->view->kind, row))
		role = ROLE_DEAD;
	else
		role = l->view->role(&ui->history, row);
	for (c = 0; c < l->n_columns; c++) {
		const struct layout_column *place = &l->places[c];
		const struct column *column = l->columns[c];
		char buf[OUTPUT_CELL_ROOM], cell[LINE_ROOM];
		struct value v = { 0 };

		if (!place->w)
			continue;
		cell_text(ui, column, row, buf);
		/* Of a list that is cut nobody knows how much is missing. */
		if (column->type == VALUE_LIST && text_width(buf) > place->w) {
			column->get(&ui->history.model, row, &v);
			if (v.number > 1)
				snprintf(buf, sizeof(buf), "%u devs", (unsigned int)v.number);
		}
		put(y, place->x, place->w, role, cell_fit(cell, sizeof(cell), buf, place->w,
							  column->cut, is_right(column)));
	}
}

static void draw_list(const struct ui *ui)
{
	const struct rect *r = &ui->layout.list;
	const struct list *l = ui->list;
	uint32_t i;

	for (i = 0; (int)i < r->h && l->top + i < l->rows.n; i++)
		draw_row(ui, r->y + i, l->rows.rows[l->top + i], l->top + i == l->cursor);
	if (!l->rows.n && r->h > 0 && !ui->failed)
		put(r->y, 0, r->w, ROLE_PLAIN, l->scope ? "It is gone." : "Nothing to show.");
}

static void draw_status(const struct ui *ui)
{
	const struct rect *r = &ui->layout.status;
	const struct list *l = ui->list;
	const struct model *m = &ui->history.model;
	char right[80], one[32], all[32];
	int room;

	if (!r->h)
		return;
	snprintf(right, sizeof(right), "row %s/%s",
		 cell_thousands(one, l->rows.n ? l->cursor + 1 : 0), cell_thousands(all, l->rows.n));
	room = r->w - (int)strlen(right) - 3;
	if (room > 10)
		put(r->y, r->w - strlen(right) - 1, strlen(right), ROLE_PLAIN, right);
	else
		room = r->w - 1;
	if (ui->failed)
		putf(r->y, 1, room, ROLE_WARNING, "%s", ui->source->error);
	else if (m->lacks)
		putf(r->y, 1, room, ROLE_WARNING, "%s: %s", m->source, m->lacks);
	else
		put(r->y, 1, room, ROLE_PLAIN, l->view->legend);
}

/* F1Help F6Sort ...: as many as fit; the last, how to leave, always. */
static void draw_keys(const struct ui *ui)
{
	const struct rect *r = &ui->layout.keys;
	int x = 0, last = 0;
	uint32_t i;

	if (!r->h)
		return;
	for (i = 0; i < n_bindings; i++)
		if (bindings[i].label)
			last = strlen(key_name(bindings[i].keys[0])) + strlen(bindings[i].label);
	for (i = 0; i < n_bindings; i++) {
		const char *name = key_name(bindings[i].keys[0]), *label = bindings[i].label;
		bool is_last = i + 1 == n_bindings;
		int w;

		/* What Enter does, the view says. */
		if (label && !*label)
			label = ui->list->view->holds ? ui->list->view->enter : NULL;
		if (!label)
			continue;
		w = strlen(name) + strlen(label);
		if (x + w + (is_last ? 0 : last + 1) > r->w && x)
			continue;
		x += put(r->y, x, r->w - x, ROLE_KEY, name);
		x += put(r->y, x, r->w - x, ROLE_LABEL, label) + 1;
	}
}

/* Several keys of one line: "F1 h ?" */
static void key_names(const struct binding *b, char *text, size_t room)
{
	size_t at = 0;
	int k;

	*text = '\0';
	for (k = 0; k < 4 && b->keys[k]; k++) {
		const char *name = key_name(b->keys[k]);

		if (name)
			at += snprintf(text + at, room - at, "%s%s", k ? " " : "", name);
	}
}

static void draw_help(const struct ui *ui)
{
	struct rect r = ui->layout.list;
	int y = ui->layout.head.y, line = 0;
	uint32_t i;

	r.h += r.y - y;
	for (i = 0; i < n_bindings && line < r.h; i++) {
		char keys[64], more[32];

		key_names(&bindings[i], keys, sizeof(keys));
		if (!bindings[i].help)
			continue;
		if (i + 1 < n_bindings && !bindings[i + 1].help) {
			key_names(&bindings[i + 1], more, sizeof(more));
			snprintf(keys + strlen(keys), sizeof(keys) - strlen(keys), " %s", more);
		}
		putf(y + line, 1, 12, ROLE_TITLE, "%s", keys);
		put(y + line, 14, r.w - 14, ROLE_PLAIN, bindings[i].help);
		line++;
	}
}

void draw(struct ui *ui)
{
	struct layout *l = &ui->layout;

	layout_screen(l, ui->width, ui->height, ui->exporters.n, FACTS);
	erase();
	draw_title(ui);
	draw_summary(ui);
	draw_bars(ui);
	draw_facts(ui);
	draw_tabs(ui);
	list_show_cursor(ui->list, l->list.h > 0 ? l->list.h : 0);
	if (ui->help) {
		draw_help(ui);
	} else {
		measure(ui);
		draw_head(ui);
		draw_list(ui);
	}
	draw_status(ui);
	draw_keys(ui);
	/* Where the terminal cannot hide its cursor, it marks the row. */
	move(l->list.y + (int)(ui->list->cursor - ui->list->top), 0);
	refresh();
}
