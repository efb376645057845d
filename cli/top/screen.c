// SPDX-License-Identifier: GPL-2.0
/* The screen of dmabuf-top: start and main loop. The loop executes the reactions of handlers. */
#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "clock.h"
#include "source/source.h"
#include "top/actions.h"
#include "top/draw.h"
#include "top/keys.h"
#include "top/paint.h"
#include "top/setup.h"
#include "top/terminal.h"
#include "top/ui.h"

static bool is_asked(const struct top_options *options, const struct screen_view *view)
{
	for (int i = 0; i < options->n_views; i++)
		if (options->views[i] == view->data)
			return true;
	return false;
}

/* Prepare the lists. Options override the settings file. */
static int set_up(struct ui *ui)
{
	const struct top_options *options = ui->options;
	const char *no = getenv("NO_COLOR");
	int err = 0;

	/* A recording starts paused. */
	ui->paused = source_is_recording(ui->source);
	ui->utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	for (enum view_id v = 0; v < VIEWS && !err; v++)
		if (screen_views[v].data)
			err = list_init(&ui->lists[v], &screen_views[v], NULL);
	if (!err)
		err = list_init(&ui->scoped, &screen_views[VIEW_BUFFERS], NULL);
	if (err)
		return err;
	setup_read(ui);
	if (no && *no)
		ui->no_colours = true;
	for (enum view_id v = 0; v < VIEWS && !err; v++) {
		struct list *l = &ui->lists[v];

		if (!l->view || !is_asked(options, l->view))
			continue;
		if (options->common.columns) {
			list_free(l);
			memset(l, 0, sizeof(*l));
			err = list_init(l, &screen_views[v], options->common.columns);
		}
		if (options->sort)
			l->sort = screen_column(l->view, options->sort);
		if (options->sort || options->invert)
			l->invert = options->invert;
		if (options->views[0] == l->view->data)
			ui->list = l;
	}
	return err;
}

static void tear_down(struct ui *ui)
{
	for (enum view_id v = 0; v < VIEWS; v++)
		list_free(&ui->lists[v]);
	list_free(&ui->scoped);
	rows_free(&ui->exporters);
	panel_free(&ui->panel);
	free(ui->dialog.targets);
	history_free(&ui->history);
	walk_free(&ui->walk);
}

static int take_snapshot(struct ui *ui)
{
	const struct view *exporters = &views[VIEW_EXPORTERS];
	int err = 0;

	terminal_busy = 1;
	if (source_is_recording(ui->source))
		err = walk_to(&ui->walk, &ui->history, ui->source, &ui->options->common.filter);
	if (!err)
		err = history_update(&ui->history, ui->source, &ui->options->common.filter);
	terminal_busy = 0;
	ui->starting = NULL;
	ui->failed = err;
	if (err == -ENOMEM)
		return err;
	return rows_collect(&ui->exporters, exporters, &ui->history.model,
			    view_column(exporters, exporters->sort), false);
}

/* Seconds to keep unused hooks, since an attach takes time and users come back */
#define HOOKS_STAY 3

/*
 * Attach the hooks necessary for the screen, and detach hooks unused for a while. Return whether
 * there are new hooks, or new reasons for missing hooks.
 */
static bool set_hooks(struct ui *ui)
{
	static const uint32_t bits[] = { MODEL_WATCHES_STATE, MODEL_WATCHES_TIMES };
	struct source *s = ui->source;
	uint32_t needs = ui_needs(ui), known = s->watched | s->unwatchable, want = 0;

	for (int i = 0; i < 2; i++) {
		if (needs & bits[i])
			ui->needed[i] = now_seconds();
		/* A paused screen needs no new hooks. */
		if (needs & bits[i] && ui->paused && !source_is_recording(s))
			want |= known & bits[i];
		else if (needs & bits[i] || now_seconds() - ui->needed[i] < HOOKS_STAY)
			want |= needs & bits[i] ? bits[i] : known & bits[i];
	}
	if (want == known)
		return false;
	terminal_busy = 1;
	source_watch(s, want, &ui->options->common.filter);
	terminal_busy = 0;
	return want & ~known;
}

static unsigned int take_signals(struct ui *ui)
{
	unsigned int react = 0;
	struct winsize size;

	terminal_drain();
	if (terminal_stopped) {
		terminal_stopped = 0;
		terminal_stop();
		react |= REACT_CLEAR;
	}
	if (terminal_continued) {
		terminal_resume();
		react |= REACT_CLEAR;
	}
	if (terminal_resized) {
		terminal_resized = 0;
		if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col)
			resizeterm(size.ws_row, size.ws_col);
		getmaxyx(stdscr, ui->height, ui->width);
		/* The width of the screen changes a page of text. */
		react |= REACT_CLEAR | REACT_COLLECT;
	}
	return react;
}

/* Rebuild the list or the page from the model. */
static int collect(struct ui *ui)
{
	int err = list_collect(ui->list, &ui->history);

	if (!err && ui->help)
		err = panel_help(&ui->panel, ui->width);
	else if (!err && ui->detail)
		err = panel_buffer(&ui->panel, &ui->history.model, ui->detail, ui->width,
				   ui->options->common.bytes);
	return err;
}

/*
 * Handle all waiting keys. Rebuild the rows between two keys if necessary: the rows of another list
 * may be older than the model.
 */
static int take_keys(struct ui *ui, unsigned int *react)
{
	int key, err = 0;

	while (!err && !(*react & REACT_QUIT) && (key = getch()) != ERR) {
		*react |= keys_handle(ui, key);
		if (*react & REACT_COLLECT) {
			err = collect(ui);
			*react = (*react & ~REACT_COLLECT) | REACT_DRAW;
		}
	}
	return err;
}

/* Wait for a key, a signal or the time. Set *react to the reaction. Return 0 or -ENOMEM. */
static int wait_event(struct ui *ui, double until, unsigned int *react)
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = terminal_wake_fd(), .events = POLLIN },
	};
	double left = until - now_seconds();

	poll(fds, 2, left > 0 ? (int)(left * 1000) + 1 : 0);
	*react = take_signals(ui);
	/* The terminal was closed. */
	if (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL))
		*react |= REACT_QUIT;
	return take_keys(ui, react);
}

/* React to the time of a refresh. A recording moves to the next snapshot, and pauses at the end. */
static unsigned int play(struct ui *ui)
{
	if (!source_is_recording(ui->source) ||
	    source_choose(ui->source, source_moment(ui->source) + 1))
		return REACT_SNAPSHOT;
	ui->paused = true;
	return REACT_DRAW;
}

/* Return the time of the next action: the next refresh, or the detach of unused hooks. */
static double wait_until(const struct ui *ui, double next)
{
	double until = ui->paused ? now_seconds() + 3600 : next;

	if (ui->source->watched & ~ui_needs(ui) && until > now_seconds() + HOOKS_STAY)
		until = now_seconds() + HOOKS_STAY;
	return until;
}

static int run(struct ui *ui)
{
	unsigned int react = REACT_SNAPSHOT;
	double next = now_seconds();
	long refreshes = 0;
	int err = 0;

	set_hooks(ui);
	while (!terminal_end) {
		if (!ui->paused && now_seconds() >= next)
			react |= play(ui);
		if (react & REACT_SNAPSHOT) {
			if (ui->options->refreshes && refreshes == ui->options->refreshes)
				break;
			err = take_snapshot(ui);
			refreshes++;
			next = now_seconds() + ui->options->delay;
			react |= REACT_COLLECT;
		}
		if (!err && react & REACT_COLLECT)
			err = collect(ui);
		if (err)
			return err;
		if (react & REACT_CLEAR)
			clearok(stdscr, TRUE);
		if (react)
			draw(ui);
		/* The drawing decides the necessary hooks. */
		if (set_hooks(ui)) {
			react = REACT_SNAPSHOT;
			continue;
		}
		err = wait_event(ui, wait_until(ui, next), &react);
		if (err || react & REACT_QUIT)
			break;
	}
	return err;
}

/* Show an empty screen while the source opens. Return like top_open. */
static int start(struct ui *ui, top_open open)
{
	int err;

	ui->starting = "Loading BPF programs ...";
	draw(ui);
	terminal_busy = 1;
	err = open(ui->options, ui->source);
	terminal_busy = 0;
	ui->starting = "Reading buffers and holders ...";
	if (!err)
		draw(ui);
	return err;
}

int screen_run(struct top_options *options, struct source *source, top_open open)
{
	struct ui ui = { .options = options, .source = source };
	const char *lacks = terminal_lacks();
	bool opened = options->replay;
	int err;

	if (lacks) {
		if (!options->common.quiet)
			fprintf(stderr, "%s: %s; printing refreshes, as with -b\n",
				options->common.command, lacks);
		options->batch = true;
		return open(options, source) ? options_fail(&options->common, "%s", source->error) :
		       batch_run(options, source);
	}
	/* Report damage before the screen opens. */
	if (opened && open(options, source))
		return options_fail(&options->common, "%s", source->error);
	err = set_up(&ui);
	if (!err && !ui.list) {
		tear_down(&ui);
		return options_usage(&options->common, "view %s has no screen; use -b",
				     options->views[0]->name);
	}
	if (!err)
		err = terminal_open();
	if (!err) {
		paint_init(&ui);
		getmaxyx(stdscr, ui.height, ui.width);
		if (!opened)
			err = start(&ui, open);
		opened = !err;
		if (opened)
			err = run(&ui);
		terminal_close();
	}
	tear_down(&ui);
	if (err)
		return options_fail(&options->common, "%s",
				    *source->error && !opened ? source->error : strerror(-err));
	return terminal_end ? 128 + terminal_end : EXIT_OK;
}
