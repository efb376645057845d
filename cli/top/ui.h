/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The state of the screen. screen.c reads keys and snapshots, keys.c finds the handler of a key,
 * handlers (actions.c, dialog.c, mouse.c) change the state and return the necessary reaction,
 * draw.c draws. Only screen.c, draw*.c and paint.c use windows of ncurses.
 */
#ifndef TOP_UI_H
#define TOP_UI_H

#include <stdbool.h>
#include <stdint.h>

#include "output/columns.h"
#include "top/dialog.h"
#include "top/history.h"
#include "top/layout.h"
#include "top/list.h"
#include "top/panel.h"
#include "top/top.h"
#include "top/view.h"
#include "top/walk.h"

/* Reactions to a key */
#define REACT_DRAW	(1u << 0)
#define REACT_COLLECT	(1u << 1)	/* collect and sort the rows, then draw */
#define REACT_SNAPSHOT	(1u << 2)	/* read a new one now, then the same */
#define REACT_CLEAR	(1u << 3)	/* draw over whatever is on the terminal */
#define REACT_QUIT	(1u << 4)
#define REACT_KEY	(1u << 5)	/* handle ui->pressed like a key */

/* A clickable place: a key to press, or a column to sort by. */
struct spot {
	struct rect rect;
	int key;
	const struct column *column;
};

#define MAX_SPOTS 64

struct ui {
	struct top_options *options;
	struct source *source;
	struct history history;
	struct list lists[VIEWS];	/* lists of the screen's views */
	struct list scoped;		/* list behind Enter */
	struct list *from;		/* list before Enter */
	struct list *list;		/* shown list */
	struct rows exporters;		/* largest first: the bars */
	struct layout layout;
	int width, height;
	bool utf8, colours;
	bool no_colours;		/* by NO_COLOR, the settings, or a key */
	bool paused;
	struct walk walk;		/* through a recording */
	const char *starting;		/* state before the first snapshot; then NULL */
	bool failed;			/* failed snapshot; source->error has the reason */
	bool help;
	uint64_t detail;		/* buffer of the page, 0 none */
	bool chart;			/* chart of the cursor's row below Latency */
	bool logarithmic;		/* scale of the chart */
	double needed[2];		/* last use of hooks, by kind, CLOCK_MONOTONIC s */
	struct panel panel;		/* page of help, or of a buffer */
	struct dialog dialog;
	char search[64];		/* last search */
	char message[256];		/* result of the last key, safe to print */
	bool bad_news;			/* an error in message */
	struct spot spots[MAX_SPOTS];	/* set when drawn */
	int pressed;			/* key of a clicked spot */
	uint32_t n_spots;
};

#endif
