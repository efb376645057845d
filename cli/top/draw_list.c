// SPDX-License-Identifier: GPL-2.0
/* Draw lists, menus and pages of text, between the tabs and the status line; see draw.h. */
#include <curses.h>
#include <stdio.h>
#include <string.h>

#include "output/output.h"
#include "output/text.h"
#include "source/source.h"
#include "top/cells.h"
#include "top/draw.h"
#include "top/lines.h"
#include "top/paint.h"
#include "top/ui.h"

/* The text of a cell with a width, 0: the text's width. */
static const char *cell_text(const struct ui *ui, const struct column *c, const void *row,
			     int width, char *buf)
{
	const struct model *m = &ui->history.model;
	const struct screen_view *view = ui->list->view;
	bool bytes = ui->options->common.bytes;
	struct value v = screen_value(&ui->history, view, c, row);

	if (c->screen) {
		const struct cell cell = { &ui->history, view, row, v, ui->utf8, width };

		c->screen->text(&cell, buf);
		return buf;
	}
	if (!v.known)
		return strcpy(buf, "-");
	if (c->type == VALUE_NS && !bytes)
		return cell_ns(buf, v.number);
	if (c->type == VALUE_NUMBER && view->counts && !bytes)
		return text_count(buf, v.number);
	return output_cell(buf, c, m, row, bytes);
}

static const char *column_title(const struct ui *ui, const struct column *c)
{
	return ui->utf8 && c->screen && c->screen->title_utf8 ? c->screen->title_utf8 : c->title;
}

/* A name of this width is still distinct. */
#define TIGHT_NAME	12

/* Limit the room of names, so that other columns fit. */
static void fit_tightly(const struct column *c, struct layout_column *place)
{
	int most = c->width < place->want ? c->width : place->want;

	if (most > TIGHT_NAME)
		most = TIGHT_NAME;

	if (place->min < most && (c->type == VALUE_STRING || c->type == VALUE_LIST))
		place->min = most;
}

/* Fit the columns to their texts. Columns only grow, so that the screen does not jump. */
static void measure(const struct ui *ui)
{
	struct list *l = ui->list;
	const struct rect *r = &ui->layout.list;
	uint32_t i, c, n = list_count(l);
	char buf[OUTPUT_CELL_ROOM];

	for (c = 0; c < l->n_columns; c++) {
		struct layout_column *place = &l->places[c];
		/* The arrow needs a cell. */
		int least = text_width(column_title(ui, l->columns[c])) +
			    (l->columns[c] == l->sort);

		if (place->min < least)
			place->min = least;
		if (l->view->tight && place->least < least)
			place->least = least;
		for (i = l->top; i < n && i < l->top + r->h; i++) {
			struct line line = list_line(l, i);
			int w;

			if (line.kind != LINE_ROW)
				continue;
			w = text_width(cell_text(ui, l->columns[c], line.row, 0, buf));
			if (place->want < w)
				place->want = w;
		}
		if (l->view->tight)
			fit_tightly(l->columns[c], place);
		/* Never cut a number. */
		if (column_is_number(l->columns[c]) && place->min < place->want)
			place->least = place->min = place->want;
		if (place->want < place->min)
			place->want = place->min;
	}
	layout_columns(l->places, l->n_columns, r->w);
}

/* Return "=" before the first part of a sum next to the sum, "+" before other parts. */
static const char *sign_before(const struct list *l, uint32_t c)
{
	const char *sum = l->view->sum ?: "";
	int part = list_place_of(sum, l->columns[c]->name);

	while (c > 0 && !l->places[--c].w)
		;
	if (part < 1 || list_place_of(sum, l->columns[c]->name) != part - 1)
		return "";
	return part > 1 ? "+" : "=";
}

static void draw_head(struct ui *ui)
{
	const struct rect *r = &ui->layout.head;
	const struct list *l = ui->list;
	bool down;

	if (!r->h)
		return;
	paint_fill(ui, r->y, r->x, r->w, ROLE_HEAD);
	for (uint32_t c = 0; c < l->n_columns; c++) {
		const struct column *column = l->columns[c];
		const struct layout_column *place = &l->places[c];
		char title[64], cell[LINE_ROOM];
		bool sorted = column == l->sort;
		const char *sign;
		int x, w;

		if (!place->w)
			continue;
		/* The sign uses the gap between the columns. */
		sign = sign_before(l, c);
		x = place->x - !!*sign;
		w = place->w + !!*sign;
		/* The arrow points to the lower values. */
		down = (column->type != VALUE_STRING && column->type != VALUE_ID) != l->invert;
		snprintf(title, sizeof(title), "%s%s%s", sign, column_title(ui, column), !sorted ? "" :
			 ui->utf8 ? down ? "\u25bc" : "\u25b2" : down ? "v" : "^");
		paint_text(ui, r->y, r->x + x, w, sorted ? ROLE_SORTED : ROLE_HEAD,
			  cell_fit(cell, sizeof(cell), title, w, CUT_TAIL,
				   column_is_number(column)));
		paint_spot(ui, (struct rect){ r->x + place->x, r->y, place->w, 1 }, 0, column);
	}
}

static enum role row_role(const struct ui *ui, const void *row)
{
	const struct list *l = ui->list;

	if (history_is_dead(&ui->history, l->view, row))
		return ROLE_DEAD;
	return list_is_tagged(l, row) ? ROLE_TAGGED : l->view->role(&ui->history, l->view, row);
}

static void draw_row(const struct ui *ui, int y, const void *row, enum role role)
{
	const struct rect *r = &ui->layout.list;
	const struct list *l = ui->list;

	for (uint32_t c = 0; c < l->n_columns; c++) {
		const struct layout_column *place = &l->places[c];
		const struct column *column = l->columns[c];
		char buf[OUTPUT_CELL_ROOM], cell[LINE_ROOM];
		struct value v;

		if (!place->w)
			continue;
		cell_text(ui, column, row, place->w, buf);
		/* A cut list would hide the number of missing items. */
		if (column->type == VALUE_LIST && column->item && text_width(buf) > place->w) {
			v = column_value(column, &ui->history.model, row);
			if (v.number > 1)
				snprintf(buf, sizeof(buf), "%u devs", (unsigned int)v.number);
		}
		paint_text(ui, y, r->x + place->x, place->w,
			  role == ROLE_PLAIN && column->screen ? column->screen->role : role,
			  cell_fit(cell, sizeof(cell), buf, place->w, column->cut,
				   column_is_number(column)));
	}
}

static void draw_part(const struct ui *ui, int y, const struct line *line, enum role role)
{
	const struct rect *r = &ui->layout.list;
	const char *branch = !ui->utf8 ? line->last ? "`-" : "|-" :
			     line->last ? "\u2514\u2500" : "\u251c\u2500";
	char text[1024];

	lines_text(&ui->history.model, ui->list, line, text, sizeof(text));
	paint_format(ui, y, r->x, r->w, role, "    %s %s", branch, text);
}

/* Cells at the right of a second line: the last minute and the state. */
#define STATE_WIDTH	15
#define TRAIL_WIDTH	8

static void draw_second(const struct ui *ui, int y, const void *row, enum role role)
{
	const struct rect *r = &ui->layout.list;
	char text[LINE_ROOM], state[64], trail[3 * TRAIL_WIDTH + 1];
	int right = r->w - TRAIL_WIDTH - 2 - STATE_WIDTH, x;
	enum role way = role == ROLE_PLAIN ? ROLE_DETAIL : role;

	ui->list->view->more(&ui->history.model, row, r->w >= 100, text, sizeof(text), state,
			     sizeof(state));
	/* On a narrow screen, the state comes first. */
	if (right < 20) {
		x = 2 + paint_text(ui, y, r->x + 2, r->w - 2, role, state);
		paint_text(ui, y, r->x + x + 2 * (x > 2), r->w - x - 4, way, text);
		return;
	}
	paint_text(ui, y, r->x + 2, right - 4, way, text);
	trails_text(&ui->history.trails, ui->list->view->id(row),
		    ui->history.model.time, TRAIL_WIDTH, ui->utf8, trail);
	paint_text(ui, y, r->x + right, TRAIL_WIDTH, role == ROLE_PLAIN ? ROLE_BAR : role, trail);
	paint_text(ui, y, r->x + right + TRAIL_WIDTH + 2, STATE_WIDTH, role, state);
}

/* Write the reason for an empty list. */
static void draw_nothing(const struct ui *ui)
{
	const struct rect *r = &ui->layout.list;
	const struct list *l = ui->list;
	const struct source *s = ui->source;
	uint32_t needs = l->view->data->needs;
	const char *text = "Nothing to show.";

	if (ui->starting)
		text = ui->starting;
	else if (*l->filter)
		text = "No row matches the filter.";
	else if (l->scope)
		text = "The row no longer exists.";
	else if (needs & s->unwatchable)
		text = source_is_recording(s) ? "The recording has no events." :
		       "This view requires hooks.";
	else if (needs & ~s->watched)
		text = ui->paused ? "Hooks are not attached while paused; Z resumes." :
		       "Attaching hooks ...";
	else if (l->view->empty)
		text = l->view->empty;
	paint_text(ui, r->y, r->x, r->w, ROLE_PLAIN, text);
	if (r->h > 1 && needs & s->unwatchable && !source_is_recording(s))
		paint_text(ui, r->y + 1, r->x, r->w, ROLE_PLAIN, s->no_hooks);
}

void draw_list(struct ui *ui)
{
	const struct rect *r = &ui->layout.list;
	struct list *l = ui->list;
	uint32_t i, n = list_count(l);
	int y = 0;

	/* A low screen has no second lines. */
	l->height = l->view->more && r->h >= 3 * 2 ? 2 : 1;
	list_show_cursor(l, r->h > 0 ? r->h : 0);
	if (r->w <= 0)
		return;
	measure(ui);
	draw_head(ui);
	for (i = l->top; y < r->h && i < n; i++) {
		struct line line = list_line(l, i);
		bool second = line.kind == LINE_ROW && l->height > 1 && y + 1 < r->h;
		enum role role = line.kind == LINE_ROW ? row_role(ui, line.row) : ROLE_PLAIN;

		if (i == l->cursor) {
			role = ROLE_SELECTED;
			paint_fill(ui, r->y + y, r->x, r->w, role);
			if (second)
				paint_fill(ui, r->y + y + 1, r->x, r->w, role);
		}
		if (line.kind == LINE_ROW)
			draw_row(ui, r->y + y, line.row, role);
		else
			draw_part(ui, r->y + y, &line, role);
		if (second)
			draw_second(ui, r->y + y + 1, line.row, role);
		y += line.kind == LINE_ROW ? l->height : 1;
	}
	if (!n && r->h > 0 && !ui->failed)
		draw_nothing(ui);
}

void draw_menu(struct ui *ui)
{
	const struct rect *r = &ui->layout.menu;
	struct dialog *d = &ui->dialog;
	int head = ui->layout.head.h, y;
	char text[LINE_ROOM];

	if (!r->w)
		return;
	if (head) {
		paint_fill(ui, r->y, r->x, r->w, ROLE_HEAD);
		paint_format(ui, r->y, r->x, r->w, ROLE_HEAD, " %s", d->title);
	}
	if (d->cursor < d->top)
		d->top = d->cursor;
	if (d->cursor >= d->top + (r->h - head))
		d->top = d->cursor - (r->h - head) + 1;
	for (y = 0; y < r->h - head && dialog_item(ui, d->top + y, text, sizeof(text)); y++) {
		enum role role = d->top + y == d->cursor ? ROLE_SELECTED : ROLE_PLAIN;

		paint_fill(ui, r->y + head + y, r->x, r->w, role);
		paint_format(ui, r->y + head + y, r->x, r->w, role, " %s", text);
	}
}

/* Draw a page over the head and the list, beside a menu. */
void draw_panel(struct ui *ui)
{
	const struct rect *head = &ui->layout.head, *list = &ui->layout.list;
	struct panel *p = &ui->panel;
	uint32_t lines = head->h + (list->h > 0 ? list->h : 0), i;

	if (p->top + lines > p->n)
		p->top = p->n > lines ? p->n - lines : 0;
	for (i = 0; i < lines && p->top + i < p->n; i++) {
		const struct panel_line *line = &p->lines[p->top + i];
		char label[LINE_ROOM];
		int y = head->y + i;

		paint_text(ui, y, list->x, list->w, line->role, line->text);
		/* Labels are ASCII: a byte is a cell. */
		snprintf(label, sizeof(label), "%.*s", line->label, line->text);
		paint_text(ui, y, list->x, list->w, ROLE_TITLE, label);
	}
}
