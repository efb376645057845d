// SPDX-License-Identifier: GPL-2.0
/* The lower half of Latency: durations of the calls of a row; see draw.h. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "output/text.h"
#include "top/cells.h"
#include "top/chart.h"
#include "top/draw.h"
#include "top/paint.h"
#include "top/ui.h"

/* Cells of a bar's duration, and of its count and percentiles */
#define CHART_NAME	8
#define CHART_COUNT	12
#define CHART_MARKS	15

static const struct model_operation *selected(const struct ui *ui)
{
	return list_selected(ui->list).row;
}

/* A title above the bars; a total below, if the chart has room. */
static int lines_beside(int lines)
{
	return lines > 3 ? 2 : 1;
}

int draw_chart_lines(const struct ui *ui, int room)
{
	const struct model_operation *o = selected(ui);
	struct chart_bar bars[HISTOGRAM_BUCKETS];
	int rest = lines_beside(room);

	return o ? chart_bars(&o->histogram, bars, room - rest) + rest : 0;
}

static void draw_rule(const struct ui *ui, int y, int width)
{
	char line[LINE_ROOM] = "";
	size_t len = 0;

	while (width-- > 0 && len + 4 < sizeof(line))
		len += snprintf(line + len, sizeof(line) - len, "%s", ui->utf8 ? "\u2500" : "-");
	paint_text(ui, y, ui->layout.chart.x, ui->layout.chart.w, ROLE_PLAIN, line);
}

static void draw_title(const struct ui *ui, const struct model_operation *o)
{
	const struct rect *r = &ui->layout.chart;
	const struct histogram *h = &o->histogram;
	char exporter[256], device[256], title[600], right[200], n[3][32];
	unsigned int seen = o->direction < DIRECTION_NONE ? 1u << o->direction : 0;
	int w;

	draw_rule(ui, r->y, r->w);
	text_safe(exporter, sizeof(exporter), o->exporter ?: "-");
	text_safe(device, sizeof(device), screen_actor(o));
	snprintf(title, sizeof(title), " %s %s %s  %s %s ", exporter, ui->utf8 ? "\u00d7" : "x",
		 device, event_name(o->type), seen ? screen_direction(seen) : "");
	snprintf(right, sizeof(right), " %s call%s, %s error%s, %s lost ",
		 cell_thousands(n[0], h->count), h->count == 1 ? "" : "s",
		 cell_thousands(n[1], h->errors), h->errors == 1 ? "" : "s",
		 cell_thousands(n[2], ui->history.model.lost));
	w = paint_text(ui, r->y, r->x + 2, r->w - 4, ROLE_TITLE, title) + 2;
	if (w + (int)strlen(right) + 4 <= r->w)
		paint_text(ui, r->y, r->x + r->w - (int)strlen(right) - 2, strlen(right),
			  ROLE_PLAIN, right);
}

static double scaled(const struct ui *ui, uint64_t n)
{
	return ui->logarithmic ? log2(1.0 + n) : n;
}

static void draw_bars(const struct ui *ui, const struct histogram *h, int room)
{
	const struct rect *r = &ui->layout.chart;
	struct chart_bar bars[HISTOGRAM_BUCKETS];
	int n = chart_bars(h, bars, room), i;
	int width = r->w - CHART_NAME - 2 - CHART_COUNT - CHART_MARKS - 2;
	uint64_t most = 0;

	for (i = 0; i < n; i++)
		if (bars[i].count > most)
			most = bars[i].count;
	for (i = 0; i < n; i++) {
		char ns[16], count[32], marks[CHART_MARKS_ROOM];
		int y = r->y + 1 + i, x = r->x + CHART_NAME + 2;

		paint_format(ui, y, r->x, CHART_NAME + 1, ROLE_PLAIN, "%*s", CHART_NAME,
			    bars[i].from ? text_ns(ns, histogram_bound(bars[i].from)) : "0");
		chart_marks(h, &bars[i], marks, sizeof(marks));
		cell_thousands(count, bars[i].count);
		/* A narrow chart has figures only. */
		if (width >= 8)
			x += paint_bar(ui, y, x, width, scaled(ui, bars[i].count),
				      scaled(ui, most)) + 1;
		if (bars[i].count)
			paint_text(ui, y, x, r->x + r->w - x, ROLE_PLAIN, count);
		paint_text(ui, y, r->x + r->w - (int)strlen(marks) - 1, strlen(marks), ROLE_TITLE,
			  marks);
	}
}

static void draw_total(const struct ui *ui, const struct histogram *h)
{
	static const char keys[] = "l lin/log  Esc close";
	const struct rect *r = &ui->layout.chart;
	char sum[16], wait[16], work[16];
	int y = r->y + r->h - 1, w;

	w = paint_format(ui, y, r->x + 1, r->w - 1, ROLE_PLAIN,
			"total %s = fence wait %s (%.0f%%) + work %s", text_ns(sum, h->sum),
			text_ns(wait, h->wait), h->sum ? 100.0 * h->wait / h->sum : 0,
			text_ns(work, h->sum > h->wait ? h->sum - h->wait : 0));
	if (w + (int)sizeof(keys) + 3 <= r->w)
		paint_text(ui, y, r->x + r->w - (int)sizeof(keys), sizeof(keys), ROLE_PLAIN, keys);
}

void draw_chart(struct ui *ui)
{
	const struct rect *r = &ui->layout.chart;
	const struct model_operation *o = selected(ui);

	if (!o || r->w <= 0)
		return;
	draw_title(ui, o);
	draw_bars(ui, &o->histogram, r->h - lines_beside(r->h));
	if (lines_beside(r->h) > 1)
		draw_total(ui, &o->histogram);
}
