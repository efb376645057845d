// SPDX-License-Identifier: GPL-2.0
/* Draw the state. Only screen.c calls this. Drawing changes only scroll positions. */
#include <curses.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "output/text.h"
#include "source/source.h"
#include "top/actions.h"
#include "top/cells.h"
#include "top/draw.h"
#include "top/keys.h"
#include "top/paint.h"
#include "top/ui.h"

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
	x = paint_text(ui, r->y, 0, r->w, ROLE_TITLE, "dmabuf-top");
	if (source_is_recording(ui->source))
		x += paint_format(ui, r->y, x, r->w - x, ROLE_PLAIN, "  recording %u/%u%s",
				 source_moment(ui->source) + 1, source_moments(ui->source),
				 ui->paused ? "" : " playing");
	else if (ui->paused)
		x += paint_text(ui, r->y, x, r->w - x, ROLE_WARNING, "  PAUSED");
	else
		x += paint_format(ui, r->y, x, r->w - x, ROLE_PLAIN, "  live %gs",
				 ui->options->delay);
	if (ui->starting)
		return;
	if (m->source) {
		text_safe(parts[0], sizeof(parts[0]), m->source);
		x += paint_format(ui, r->y, x, r->w - x, ROLE_PLAIN, "  %s", parts[0]);
	}
	if (m->source && !model_complete(m))
		x += paint_text(ui, r->y, x, r->w - x, ROLE_WARNING, "  incomplete");
	if (m->watched)
		x += paint_format(ui, r->y, x, r->w - x, m->lost ? ROLE_WARNING : ROLE_PLAIN,
				 "  lost %s", cell_thousands(lost, m->lost));
	if (m->no_hooks)
		x += paint_text(ui, r->y, x, r->w - x, ROLE_WARNING,
			       source_is_recording(ui->source) ? "  no events" : "  no hooks");
	text_safe(parts[0], sizeof(parts[0]), ui->source->release);
	text_safe(parts[1], sizeof(parts[1]), ui->source->host);
	localtime_r(&seconds, &tm);
	strftime(parts[2], sizeof(parts[2]), "%H:%M:%S", &tm);
	/* Drop the time last. */
	for (i = 0; i < 3; i++) {
		snprintf(right, sizeof(right), "%s%s%s%s%s", i < 1 ? parts[0] : "", i < 1 ? "  " : "",
			 i < 2 ? parts[1] : "", i < 2 ? "  " : "", parts[2]);
		if (text_width(right) + 2 <= r->w - x) {
			paint_text(ui, r->y, r->w - text_width(right), r->w, ROLE_PLAIN, right);
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
		paint_text(ui, r->y, 0, r->w, ROLE_PLAIN, "Buffers -   Held -   peak -");
		return;
	}
	x = paint_format(ui, r->y, 0, r->w, ROLE_PLAIN, "Buffers %s",
			 cell_thousands(n, t->buffers));
	if (h->rates_known)
		x += paint_format(ui, r->y, x, r->w - x, ROLE_PLAIN, " (+%.0f -%.0f/s)", h->born,
				 h->died);
	x += paint_format(ui, r->y, x, r->w - x, ROLE_PLAIN, "   Held %s",
			 text_size(size, t->bytes));
	if (ui->source->memory)
		x += paint_format(ui, r->y, x, r->w - x, ROLE_PLAIN, " of %s",
			  text_size(size, ui->source->memory));
	x += paint_format(ui, r->y, x, r->w - x, ROLE_PLAIN, "   peak %s",
			 text_size(size, h->peak));
	if (map_percentile(&h->model, NULL, NULL, 99, &p99))
		paint_format(ui, r->y, x, r->w - x, ROLE_PLAIN, "   map p99 %s", cell_ns(ns, p99));
}

#define BAR_NAME 12
#define BAR_FIGURES 15		/* bytes and buffers, with the gaps */

static void draw_bars(const struct ui *ui)
{
	const struct rect *r = &ui->layout.bars;
	const struct model *m = &ui->history.model;

	for (uint32_t i = 0; (int)i < r->h && i < ui->exporters.n; i++) {
		const struct model_exporter *e = ui->exporters.rows[i];
		char name[256], cell[LINE_ROOM], size[8], count[8];
		int y = r->y + i, width = r->w - BAR_NAME - 1 - BAR_FIGURES;

		text_safe(name, sizeof(name), e->exporter ? e->exporter : "-");
		paint_text(ui, y, 0, r->w, ROLE_PLAIN,
		    cell_fit(cell, sizeof(cell), name, BAR_NAME, CUT_MIDDLE, false));
		paint_bar(ui, y, BAR_NAME + 1, width, e->bytes, m->totals.bytes);
		paint_format(ui, y, r->w - BAR_FIGURES + 2, BAR_FIGURES, ROLE_PLAIN, "%6s %5s",
		     text_size(size, e->bytes), text_count(count, e->buffers));
	}
}

#define FACTS 3

/* Growth may include buffers with a row of their own: this is not a part of the held bytes. */
static uint64_t suspect_sum(const struct suspects *s)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < s->n; i++)
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
		paint_format(ui, r->y, r->x + 2, r->w - 2,
			    t->kernel_only_buffers ? ROLE_KERNEL_ONLY : ROLE_PLAIN,
			    "kernel-only %5s %6s", text_count(count, t->kernel_only_buffers),
			    text_size(size, t->kernel_only_bytes));
	if (r->h > 1 && m->sees & MODEL_SEES_HOLDERS)
		paint_format(ui, r->y + 1, r->x + 2, r->w - 2,
			    t->unexplained_buffers ? ROLE_UNEXPLAINED : ROLE_PLAIN,
			    "unexplained %5s %6s", text_count(count, t->unexplained_buffers),
			    text_size(size, t->unexplained_bytes));
	if (r->h > 2 && m->sees & MODEL_SEES_HOLDERS)
		paint_format(ui, r->y + 2, r->x + 2, r->w - 2,
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
	/* The brackets of the shown tab use the gaps. */
	for (v = screen_views; r->h && v < end; v++) {
		bool is_shown = v == shown;

		if (!v->data)
			continue;
		/* On a narrow screen, the other tabs are numbers. */
		if (!is_shown && all > r->w)
			w = paint_format(ui, r->y, x + 1, r->w - x - 1, ROLE_PLAIN, "%c", v->key);
		else
			w = paint_format(ui, r->y, x + !is_shown, r->w - x - !is_shown,
					is_shown ? ROLE_TAB : ROLE_PLAIN,
					is_shown ? "[%c %s]" : "%c %s", v->key, v->tab);
		paint_spot(ui, (struct rect){ x + !is_shown, r->y, w, 1 }, v->key, NULL);
		x += is_shown ? w - 1 : w + 1;
	}
	x++;
	if (r->h && ui->list->scope)
		paint_format(ui, r->y, x, r->w - x, ROLE_TITLE, " %s", ui->list->scope_title);
}

/* Write the filter or the legend, and the tags; without room, only the tags. */
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
		paint_text(ui, r->y, r->w - strlen(right) - 1, strlen(right), ROLE_PLAIN, right);
	else
		room = r->w - 1;
	list_state(ui, state, sizeof(state), room);
	if (*ui->message)
		paint_text(ui, r->y, 1, room, ui->bad_news ? ROLE_WARNING : ROLE_TITLE,
			   ui->message);
	else if (ui->failed)
		paint_text(ui, r->y, 1, room, ROLE_WARNING, ui->source->error);
	else if (m->no_hooks && !*l->filter && !l->n_tagged)
		paint_format(ui, r->y, 1, room, ROLE_WARNING, "%s%s",
			    source_is_recording(ui->source) ? "" : "no hooks: ", m->no_hooks);
	else if (m->lacks && !*l->filter && !l->n_tagged)
		paint_format(ui, r->y, 1, room, ROLE_WARNING, "%s: %s", m->source, m->lacks);
	else if (!panel)
		paint_text(ui, r->y, 1, room, ROLE_PLAIN, state);
}

/* Return the label of a key; NULL without a label. */
static const char *label_of(const struct ui *ui, const struct binding *b)
{
	if (ui->help && (b->handle == act_signal || b->handle == act_prompt))
		return NULL;
	if (ui->help || ui->detail)
		return b->panel;
	/* The view names the action of Enter. */
	return b->label && !*b->label ? ui->list->view->enter : b->label;
}

static int draw_key(struct ui *ui, int x, const char *name, const char *label, int key)
{
	const struct rect *r = &ui->layout.keys;
	int from = x;

	x += paint_text(ui, r->y, x, r->w - x, ROLE_KEY, name);
	x += paint_text(ui, r->y, x, r->w - x, ROLE_LABEL, label);
	paint_spot(ui, (struct rect){ from, r->y, x - from, 1 }, key, NULL);
	return x + 1;
}

/* Draw labels, F1Help F6Sort ..., as far as they fit, and always Quit. */
static void draw_keys(struct ui *ui)
{
	const struct rect *r = &ui->layout.keys;
	const struct binding *quit = &bindings[n_bindings - 1];
	int x = 0, last = strlen(key_text(quit->keys[0])) + strlen(quit->label);

	for (uint32_t i = 0; i < n_bindings; i++) {
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

/* Draw the last line during a question. Return the column of the cursor. */
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
	x = paint_text(ui, r->y, 0, r->w, ROLE_TITLE, label);
	/* Show the end of a long text. */
	while (text_width(end) > r->w - x - 1 && *end)
		end++;
	x += paint_text(ui, r->y, x, r->w - x - 1, ROLE_PLAIN, end);
	paint_fill(ui, r->y, x, 1, ROLE_LABEL);
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
	/* A visible cursor marks the selected row or the end of the typed text. */
	if (ui->dialog.prompt)
		move(l->keys.y, x);
	else
		move(l->list.y + (int)list_y(ui->list, ui->list->cursor), l->list.x);
	refresh();
}
