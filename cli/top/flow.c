// SPDX-License-Identifier: GPL-2.0
/* The text of a flow: producers, consumers, exporter, processes; see view.h. No drawing. */
#include <stdio.h>
#include <string.h>

#include "output/text.h"
#include "top/cells.h"
#include "top/view.h"

/* Bytes of a side before the cut */
#define SIDE_ROOM 400

/* Append words and a name, safe to print. Return the new length, less than room. */
static size_t put(char *text, size_t len, size_t room, const char *words, const char *name)
{
	len += snprintf(text + len, room - len, "%s", words);
	if (len < room - 1)
		len += text_safe(text + len, room - len, name);
	return len < room ? len : room - 1;
}

static size_t put_ends(const struct model *m, const struct model_flow *f, enum flow_side side,
		       const char *mark, char *text, size_t len)
{
	const char *name;
	char words[8];

	for (uint32_t i = 0; (name = flow_end_name(m, f, side, i)); i++) {
		snprintf(words, sizeof(words), "%s%s", len ? ", " : "", mark);
		len = put(text, len, SIDE_ROOM, words, name);
	}
	return len;
}

/* Put a presumed producer in parentheses. */
static void put_producers(const struct model *m, const struct model_flow *f, char *text)
{
	const char *presumed = flow_presumed(m, f);
	size_t len = 0;

	*text = '\0';
	if (presumed) {
		len = put(text, 0, SIDE_ROOM - 1, "(", presumed);
		strcpy(text + len, ")");
	} else if (!put_ends(m, f, FLOW_PRODUCER, "", text, 0)) {
		strcpy(text, "-");
	}
}

/* An attached device without a map may read or write. */
static void put_consumers(const struct model *m, const struct model_flow *f, char *text)
{
	size_t len;

	*text = '\0';
	len = put_ends(m, f, FLOW_CONSUMER, "", text, 0);
	if (!put_ends(m, f, FLOW_OTHER, "?", text, len))
		strcpy(text, "-");
}

#define ARROW 5			/* cells, with the blanks around */

char *screen_flow(const struct model *m, const struct model_flow *f, bool utf8, int width,
		  char *text)
{
	char sides[2][SIDE_ROOM], cut[2][SIDE_ROOM];
	int w[2], room = width - ARROW, i;

	put_producers(m, f, sides[0]);
	put_consumers(m, f, sides[1]);
	for (i = 0; i < 2; i++)
		w[i] = text_width(sides[i]);
	/* A short side leaves room to the other side. */
	if (width && w[0] + w[1] > room) {
		if (w[0] <= room / 2)
			w[1] = room - w[0];
		else if (w[1] <= room / 2)
			w[0] = room - w[1];
		else
			w[1] = room - (w[0] = room / 2);
	}
	for (i = 0; i < 2; i++)
		cell_fit(cut[i], sizeof(cut[i]), sides[i], w[i], CUT_MIDDLE, false);
	snprintf(text, SCREEN_FLOW_ROOM, "%s %s %s", cut[0],
		 utf8 ? "\u2550\u2550\u25b6" : "==>", cut[1]);
	return text;
}

void screen_flow_more(const struct model *m, const void *row, bool wide, char *text, size_t room,
		      char *state, size_t state_room)
{
	const struct model_flow *f = row;
	const char *node = f->node == INDEX_NONE ? NULL : m->nodes[f->node].path;
	uint64_t seconds, percent;
	char number[16], age[24];
	size_t len = 0;

	if (f->presumed && !wide)
		len = put(text, 0, room, "exporter presumed to write", "");
	else
		len = put(text, 0, room, "via ", node && !wide ? node : f->exporter ?: "-");
	if (wide && f->presumed)
		len = put(text, len, room, ", presumed to write", "");
	else if (wide && node)
		len = put(text, len, room, " ", node);
	for (uint32_t i = 0; i < f->processes; i++) {
		const struct model_process *p =
			&m->processes[m->pipelines.processes[f->first_process + i]];

		len = put(text, len, room, i ? ", " : "   ", p->comm);
		snprintf(number, sizeof(number), " %u", p->pid);
		len = put(text, len, room, number, "");
	}
	*state = '\0';
	if (flow_is_stalled(m, f, &seconds) && seconds)
		snprintf(state, state_room, "STALLED %s", text_age(age, seconds));
	else if (flow_fence_share(f, &percent) && percent)
		snprintf(state, state_room, "fence wait %u%%", (unsigned int)percent);
	else if (f->held && !f->rate_known)
		snprintf(state, state_room, "kept mapped");
}
