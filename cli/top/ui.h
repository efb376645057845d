/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The state of the screen and what its parts offer each other. keys.c finds the handler of a
 * key; handlers (actions.c, dialog.c) change the state and return what is to be done; screen.c
 * does it; list.c has the rows of a view, lines.c those opened in place, view.c (view.h) what each
 * view is, panel.c pages of text; draw.c draws. Only screen.c and draw*.c know ncurses' windows.
 */
#ifndef TOP_UI_H
#define TOP_UI_H

#include <stdbool.h>
#include <stdint.h>

#include "output/columns.h"
#include "top/history.h"
#include "top/walk.h"
#include "top/layout.h"
#include "top/top.h"
#include "top/view.h"

/* What a handler wants done */
#define REACT_DRAW	(1u << 0)
#define REACT_COLLECT	(1u << 1)	/* collect and sort the rows, then draw */
#define REACT_SNAPSHOT	(1u << 2)	/* read a new one now, then the same */
#define REACT_CLEAR	(1u << 3)	/* draw over whatever is on the terminal */
#define REACT_QUIT	(1u << 4)

/* What a line of a list shows: a row, or what belongs to the row above that was opened in place */
enum line_kind {
	LINE_ROW,
	LINE_BUFFER,
	LINE_HOLDER,			/* a process */
	LINE_SOCKET,
	LINE_ATTACHMENT,
};

struct line {
	const void *row;
	const void *parent;		/* the row it belongs to; itself for LINE_ROW */
	enum line_kind kind;
	uint32_t nth;			/* of its parent's */
	bool last;
};

/* What identifies a line from one refresh to the next. */
struct line_key {
	uint64_t row, part;		/* part: 0 for the row itself */
};

/* The lines of a view, in an order, with a cursor that stays on its line. */
struct list {
	const struct screen_view *view;
	const struct column **columns;
	struct layout_column *places;
	uint32_t n_columns, room_columns;
	const struct column *sort;
	bool invert;
	struct rows rows;
	struct line *lines;		/* only if any row is open */
	uint32_t n_lines, room_lines;
	struct rows parts;		/* to put the buffers of an open row in order */
	uint32_t cursor, top;		/* lines; top: first on the screen */
	int height;			/* lines that a row takes, since it was drawn */
	struct line_key selected;	/* the cursor's line, if pinned */
	bool pinned;			/* the user has moved the cursor: it follows its line */
	/* Row keys; value 1: it is */
	struct index open, tagged;
	uint32_t n_open;
	uint32_t n_tagged;		/* of the rows that there are */
	uint64_t tagged_bytes;
	char filter[64];		/* terms joined by |, "" all */
	/* Only what belongs to one row of another view */
	const struct screen_view *scope;
	uint64_t scope_key;
	char scope_title[64];		/* safe to print */
};

/* columns: names, NULL the view's own. 0, -ENOMEM, -EINVAL for a name that is none. */
int list_init(struct list *list, const struct screen_view *view, const char *columns);
/* A name's place in a list of names, "a,b", -1 if it is not there. */
int list_place_of(const char *names, const char *name);
/* Shows a column if it was not, else hides it unless it is the only one. 0 or -ENOMEM. */
int list_toggle_column(struct list *list, const struct column *column);
int list_collect(struct list *list, const struct history *history);
/* Moves the cursor; the line under it is followed from now on. */
void list_move(struct list *list, int64_t by);
void list_home(struct list *list);
/* Scrolls so that the cursor is seen in that many lines. */
void list_show_cursor(struct list *list, uint32_t lines);
/* How many lines of the screen line i is below the first; what is so far below it, or the end. */
uint32_t list_y(const struct list *list, uint32_t i);
uint32_t list_at(const struct list *list, uint32_t y);
uint32_t list_count(const struct list *list);
/* Line i, which must be one. */
struct line list_line(const struct list *list, uint32_t i);
/* The cursor's line; its row is NULL if there is none. */
struct line list_selected(const struct list *list);
/* Sorts by the next column (1) or the one before (-1). */
void list_sort_beside(struct list *list, int by);
/* Moves the cursor to the next row (1), or the one before (-1), that has text; false: none. */
bool list_search(struct list *list, const struct model *model, const char *text, uint32_t from,
		 int by);
void list_free(struct list *list);

/* Opens or closes the row of the cursor's line; tags it or takes the tag away. 0 or -ENOMEM. */
int list_toggle_open(struct list *list);
int list_toggle_tag(struct list *list);
bool list_is_tagged(const struct list *list, const void *row);

/* lines.c: the lines of a list whose rows are open, what identifies them, what they say */
int lines_make(struct list *list, const struct history *history);
struct line_key lines_key(const struct list *list, const struct line *line);
/* Safe to print. Of a LINE_ROW: its name. */
void lines_text(const struct model *model, const struct list *list, const struct line *line,
		char *text, size_t room);
/*
 * From the at-th of a holder's slots of a type on, as many as fit, and one at least: "17 23"; the
 * next one's place. text has SLOT_ROOM bytes at least.
 */
#define SLOT_ROOM 64
uint32_t lines_put_slots(const struct model *model, const struct model_holder *holder,
			 uint32_t type, uint32_t at, char *text, size_t room);
/* How many sockets a buffer is in flight in: holders of the model, next to the b->procs first. */
uint32_t lines_sockets(const struct model *model, const struct model_buffer *buffer);
/* A device's nodes, "/dev/video0 /dev/video1", safe to print; "" if it has none. */
void lines_nodes(const struct model_device *device, char *text, size_t room);

/* A page of text. */
struct panel {
	struct panel_line {
		enum role role;
		int label;		/* cells of a label at its start */
		char *text;		/* safe to print */
	} *lines;
	uint32_t n, room, top;
	int width;			/* that the text was made for */
};

/* Both make the text anew. 0 or -ENOMEM. */
int panel_help(struct panel *panel, int width);
/* Why a buffer is alive. */
int panel_buffer(struct panel *panel, const struct model *model, uint64_t ino, int width,
		 bool bytes);
void panel_free(struct panel *panel);

enum prompt {
	PROMPT_NONE,
	PROMPT_SEARCH,
	PROMPT_FILTER,
	PROMPT_WRITE,
	PROMPT_DELAY,
	PROMPT_TIME,
};

enum menu {
	MENU_NONE,
	MENU_SORT,
	MENU_COLUMNS,
	MENU_HOLDERS,			/* which one is to get a signal */
	MENU_SIGNAL,
};

/* What the user is asked: a line of text, or one of several. */
struct dialog {
	enum prompt prompt;
	char text[256];
	uint32_t from;			/* the line that a search began at */
	enum menu menu;
	uint32_t cursor, top;
	char title[64];			/* safe to print */
	struct target {
		uint32_t pid;
		char comm[64];		/* as it was when the menu was opened */
	} *targets;			/* of a signal */
	uint32_t n_targets, room_targets;
};

/* What can be clicked: keys are as if pressed, columns sort. */
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
	struct list lists[VIEWS];	/* of views that have a screen */
	struct list scoped;		/* what Enter opened */
	struct list *from;		/* and where */
	struct list *list;		/* the one shown */
	struct rows exporters;		/* largest first: the bars */
	struct layout layout;
	int width, height;
	bool utf8, colours;
	bool no_colours;		/* asked for: NO_COLOR, the set-up, a key */
	bool paused;
	struct walk walk;		/* through a recording */
	const char *starting;		/* what goes on before the first snapshot; then NULL */
	bool failed;			/* the last snapshot: source->error says why */
	bool help;
	uint64_t detail;		/* the buffer that is explained, 0 none */
	bool chart;			/* below Latency's list, of its cursor's row */
	bool logarithmic;		/* its bars are */
	double needed[2];		/* when each kind of hooks was, CLOCK_MONOTONIC seconds */
	struct panel panel;		/* of help, or of the buffer */
	struct dialog dialog;
	char search[64];		/* what was searched last */
	char message[256];		/* what the last key did; safe to print */
	bool bad_news;			/* the message is */
	struct spot spots[MAX_SPOTS];	/* set when drawn */
	uint32_t n_spots;
};

/* What is to be done after a key that ncurses returned. */
unsigned int keys_handle(struct ui *ui, int key);

struct binding {
	int keys[4];			/* none: stands for those of the views */
	unsigned int (*handle)(struct ui *ui, int arg);
	int arg;
	const char *label;		/* in the last line, NULL not there */
	const char *help;		/* NULL: the line before says it too */
	const char *panel;		/* in the last line while a page of text is shown */
};

extern const struct binding bindings[];
extern const uint32_t n_bindings;
/* A key as people call it: "F1", "Enter", "q". Good until the next call. */
const char *key_text(int key);
/* Entry i of the help: its keys' names, "F1 h ?", and what they do; NULL: there are no more. */
const char *keys_help(uint32_t i, char *names, size_t room);

/* Handlers, actions.c */
unsigned int act_help(struct ui *ui, int arg);
unsigned int act_sort_beside(struct ui *ui, int by);
unsigned int act_invert(struct ui *ui, int arg);
unsigned int act_view(struct ui *ui, int number);
unsigned int act_next_view(struct ui *ui, int by);
unsigned int act_move(struct ui *ui, int by);
unsigned int act_page(struct ui *ui, int by);
unsigned int act_home(struct ui *ui, int arg);
unsigned int act_end(struct ui *ui, int arg);
unsigned int act_enter(struct ui *ui, int arg);
unsigned int act_back(struct ui *ui, int arg);
unsigned int act_open(struct ui *ui, int arg);
unsigned int act_tag(struct ui *ui, int arg);
unsigned int act_untag(struct ui *ui, int arg);
unsigned int act_colours(struct ui *ui, int arg);
unsigned int act_setup(struct ui *ui, int arg);
unsigned int act_pause(struct ui *ui, int arg);
unsigned int act_step(struct ui *ui, int by);
unsigned int act_refresh(struct ui *ui, int arg);
unsigned int act_quit(struct ui *ui, int arg);
unsigned int act_mouse(struct ui *ui, int arg);
unsigned int act_scale(struct ui *ui, int arg);
/* Whether the lower half shows a chart. */
bool ui_has_chart(const struct ui *ui);
/* Hooks that what is shown needs, MODEL_WATCHES_*. */
uint32_t ui_needs(const struct ui *ui);

/* Handlers that ask, dialog.c */
unsigned int act_prompt(struct ui *ui, int prompt);
unsigned int act_menu(struct ui *ui, int menu);
unsigned int act_signal(struct ui *ui, int arg);
unsigned int act_search_next(struct ui *ui, int by);
/* A key while something is asked. */
unsigned int dialog_key(struct ui *ui, int key);
unsigned int dialog_choose(struct ui *ui, uint32_t item);
/* Cells of the menu's widest item, 0 if there is none. */
int dialog_width(const struct ui *ui);
/* Item i of the menu, safe to print; false: there are no more. */
bool dialog_item(const struct ui *ui, uint32_t i, char *text, size_t room);
/* What stands before the text that is typed. */
const char *dialog_label(const struct ui *ui);

/* Writes what is shown as JSON. 0 or -errno. write.c */
int write_shown(const struct ui *ui, const char *path, uint32_t *rows);

/* The set-up file: columns, sorting, delay, colours. setup.c */
void setup_read(struct ui *ui);
/* 0 or -errno; path, of that room, is set either way. */
int setup_write(const struct ui *ui, char *path, size_t room);

void ui_say(struct ui *ui, bool bad_news, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Needs ncurses to be up. */
void draw_init(struct ui *ui);
void draw(struct ui *ui);

/* Text in at most width cells, cut if it must be, not padded. Returns the cells it took. draw.c */
int draw_text(const struct ui *ui, int y, int x, int width, enum role role, const char *text);
int draw_format(const struct ui *ui, int y, int x, int width, enum role role,
		const char *format, ...)
	__attribute__((format(printf, 6, 7)));
/* Fills a line, so that what is drawn over it has its background. */
void draw_fill(const struct ui *ui, int y, int x, int width, enum role role);
/* What can be clicked from now on. */
void draw_spot(struct ui *ui, struct rect rect, int key, const struct column *column);
/* The parts between the head of the screen and its last two lines, draw_list.c */
void draw_list(struct ui *ui);
void draw_menu(struct ui *ui);
void draw_panel(struct ui *ui);
/* A bar of eighths of a cell; what is not nothing shows at least the least. Returns its cells. */
int draw_bar(const struct ui *ui, int y, int x, int width, double part, double whole);
/* The lower half: how long the calls of the cursor's row took, draw_chart.c */
void draw_chart(struct ui *ui);
/* Lines that it fills of so many. */
int draw_chart_lines(const struct ui *ui, int room);

/* Widest screen that anything is drawn for, in bytes of UTF-8 with combining marks. */
#define LINE_ROOM 4096

/*
 * Text for a field of width cells: padded, on the left if right, and cut with a ~ where it does
 * not fit. src must be safe to print; returns dst. cells.c
 */
char *cell_fit(char *dst, size_t room, const char *src, int width, enum column_cut cut, bool right);
/* 1,668. Returns dst, of 32 bytes at least. */
char *cell_thousands(char *dst, uint64_t n);
/* Bytes per second with their sign, 0 for none. Returns dst, of 16 bytes at least. */
char *cell_rate(char *dst, int64_t rate);
/* A duration in five cells: 812ns, 41us, 3.1ms. Returns dst, of 16 bytes at least. */
char *cell_ns(char *dst, uint64_t ns);

#endif
