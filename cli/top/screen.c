// SPDX-License-Identifier: GPL-2.0
/* dmabuf-top's screen: set-up and main loop. Handlers say what is to be done; it is done here. */
#define _GNU_SOURCE
#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "source/source.h"
#include "top/terminal.h"
#include "top/ui.h"

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static bool is_asked(const struct top_options *options, const struct screen_view *view)
{
	int i;

	for (i = 0; i < options->n_views; i++)
		if (!strcmp(options->views[i]->name, view->name))
			return true;
	return false;
}

static int set_up(struct ui *ui)
{
	const struct top_options *options = ui->options;
	int i, err = 0;

	ui->utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	for (i = 0; i < SCREEN_VIEWS && !err; i++) {
		const struct screen_view *view = &screen_views[i];
		struct list *l = &ui->lists[i];
		bool asked = is_asked(options, view);

		err = list_init(l, view, asked ? options->common.columns : NULL);
		if (err || !asked)
			continue;
		if (options->sort)
			l->sort = view_column(l->data, options->sort);
		l->invert = options->invert;
		if (!strcmp(options->views[0]->name, view->name))
			ui->list = l;
	}
	if (!err)
		err = list_init(&ui->scoped, &screen_views[KIND_BUFFER], NULL);
	return err;
}

static void tear_down(struct ui *ui)
{
	int i;

	for (i = 0; i < SCREEN_VIEWS; i++)
		list_free(&ui->lists[i]);
	list_free(&ui->scoped);
	rows_free(&ui->exporters);
	history_free(&ui->history);
}

static int take_snapshot(struct ui *ui)
{
	const struct view *exporters = view_find("exporters");
	int err;

	terminal_busy = 1;
	err = history_update(&ui->history, ui->source, &ui->options->common.filter);
	terminal_busy = 0;
	ui->failed = err;
	if (err == -ENOMEM)
		return err;
	return rows_collect(&ui->exporters, exporters, &ui->history.model,
			    view_column(exporters, "bytes"), false);
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
	if (terminal_resized) {
		terminal_resized = 0;
		if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col)
			resizeterm(size.ws_row, size.ws_col);
		getmaxyx(stdscr, ui->height, ui->width);
		react |= REACT_CLEAR;
	}
	return react;
}

/*
 * Takes the keys that wait. The next one may need the rows that the one before asked for: those
 * of another list may be older than the model.
 */
static int take_keys(struct ui *ui, unsigned int *react)
{
	int key, err = 0;

	while (!err && !(*react & REACT_QUIT) && (key = getch()) != ERR) {
		*react |= keys_handle(ui, key);
		if (*react & REACT_COLLECT) {
			err = list_collect(ui->list, &ui->history);
			*react = (*react & ~REACT_COLLECT) | REACT_DRAW;
		}
	}
	return err;
}

/* Waits for a key, a signal or the time, and says in *react what is to be done. 0 or -ENOMEM. */
static int wait_event(struct ui *ui, double until, unsigned int *react)
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = terminal_wake_fd(), .events = POLLIN },
	};
	double left = until - now();

	poll(fds, 2, left > 0 ? (int)(left * 1000) + 1 : 0);
	*react = take_signals(ui);
	/* The terminal is gone. */
	if (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL))
		*react |= REACT_QUIT;
	return take_keys(ui, react);
}

static int run(struct ui *ui)
{
	unsigned int react = REACT_SNAPSHOT;
	double next = now();
	long refreshes = 0;
	int err = 0;

	while (!terminal_end) {
		if (!ui->paused && now() >= next)
			react |= REACT_SNAPSHOT;
		if (react & REACT_SNAPSHOT) {
			if (ui->options->refreshes && refreshes == ui->options->refreshes)
				break;
			err = take_snapshot(ui);
			refreshes++;
			next = now() + ui->options->delay;
			react |= REACT_COLLECT;
		}
		if (!err && react & REACT_COLLECT)
			err = list_collect(ui->list, &ui->history);
		if (err)
			return err;
		if (react & REACT_CLEAR)
			clearok(stdscr, TRUE);
		if (react)
			draw(ui);
		err = wait_event(ui, ui->paused ? now() + 3600 : next, &react);
		if (err || react & REACT_QUIT)
			break;
	}
	return err;
}

int screen_run(struct top_options *options, struct source *source)
{
	struct ui ui = { .options = options, .source = source };
	const char *lacks = terminal_lacks();
	int err;

	if (lacks) {
		if (!options->common.quiet)
			fprintf(stderr, "%s: %s: printing refreshes instead, as -b does\n",
				options->common.command, lacks);
		return batch_run(options, source);
	}
	err = set_up(&ui);
	if (!err && !ui.list) {
		tear_down(&ui);
		return options_usage(&options->common, "view %s has no screen, only -b shows it",
				     options->views[0]->name);
	}
	if (!err)
		err = terminal_open();
	if (!err) {
		draw_init(&ui);
		getmaxyx(stdscr, ui.height, ui.width);
		err = run(&ui);
		terminal_close();
	}
	tear_down(&ui);
	if (err)
		return options_fail(&options->common, "%s", strerror(-err));
	return terminal_end ? 128 + terminal_end : EXIT_OK;
}
