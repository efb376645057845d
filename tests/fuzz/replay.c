// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer target: any bytes as a recording that dmabuf-top's screen goes through, and then one
 * of the commands that read recordings, which the last byte chooses; with its lowest bit,
 * checksums are made right first. out/tests/fuzz/replay -write-corpus DIRECTORY makes the seeds.
 */
#include "fuzz.h"

#include <locale.h>

#include "dmabuf_events.h"
#include "dmabuf_snapshot.h"
#include "recording/recording.h"
#include "top/screen.c"
#include "trace/trace.h"
#include "top/actions.h"
#include "top/draw.h"
#include "top/paint.h"

#define MOMENTS 4		/* of a recording that has many, the screen goes to */

static const char path[] = "/proc/self/fd/9";

static void screen(struct top_options *options, struct source *source)
{
	static const int widths[] = { 80, 27, 132, 10 }, heights[] = { 24, 5, 50, 16 };
	uint32_t n = source_moments(source), moment;
	struct ui *ui = calloc(1, sizeof(*ui));
	enum view_id v;

	if (!ui)
		abort();
	ui->options = options;
	ui->source = source;
	paint_init(ui);
	if (set_up(ui) || !ui->list)
		abort();
	for (moment = 0; moment < n && moment < MOMENTS; moment++) {
		ui->width = widths[moment % 4];
		ui->height = heights[moment % 4];
		resizeterm(ui->height, ui->width);
		/* There and back: a jump reads the moment before */
		source_choose(source, moment == 1 ? n - 1 : moment);
		set_hooks(ui);
		if (take_snapshot(ui))
			continue;
		for (v = 0; v < VIEWS; v++) {
			if (!screen_views[v].data)
				continue;
			act_view(ui, v);
			collect(ui);
			act_open(ui, 0);
			act_enter(ui, 0);
			collect(ui);
			draw(ui);
			act_back(ui, 0);
			collect(ui);
		}
	}
	tear_down(ui);
	free(ui);
}

static void batch(struct top_options *options, struct source *source, enum output_format format)
{
	options->n_views = 0;
	options->common.format = format;
	while (options->n_views < VIEWS && options->n_views < TOP_MAX_VIEWS) {
		options->views[options->n_views] = &views[options->n_views];
		options->n_views++;
	}
	source_choose(source, 0);
	batch_run(options, source);
}

static void top(unsigned int choice)
{
	struct top_options options = { .delay = 1, .replay = path };
	struct source source;

	options_init(&options.common, "dmabuf-top");
	options.common.output = "/dev/null";
	options.views[0] = &views[VIEW_PROCESSES];
	options.n_views = 1;
	if (source_open_recording(&source, path))
		return;
	screen(&options, &source);
	if (choice < 3)
		batch(&options, &source, choice);
	source_close(&source);
}

/* Words that are commands; FILE is the recording. */
static const struct {
	int (*run)(int argc, char **argv);
	const char *words;
} commands[] = {
	{ report_main, "report -i FILE -o /dev/null" },
	{ report_main, "report -i FILE -o /dev/null --json --from 1" },
	{ report_main, "report -i FILE -o /dev/null --csv --bytes --to 00:00:10" },
	{ report_main, "report -i FILE -o /dev/null --events" },
	{ report_main, "report -i FILE -o /dev/null --events --json --sort duration" },
	{ export_main, "export -i FILE -o /dev/null --format chrome" },
	{ export_main, "export -i FILE -o /dev/null --format perfetto" },
	{ export_main, "export -i FILE -o /dev/null --format ndjson" },
	{ leaks_main, "leaks -r FILE -o /dev/null --allow-lost --max-age 1 --unsynced --strict" },
	{ leaks_main, "leaks -r FILE -o /dev/null --json --junit /dev/null --write-baseline /dev/null" },
	{ diff_main, "diff -o /dev/null FILE FILE" },
	{ diff_main, "diff -o /dev/null --json --by stack FILE FILE" },
	{ diff_main, "diff -o /dev/null --by name --comm cam* FILE FILE" },
};

#define COMMANDS (sizeof(commands) / sizeof(*commands))

static void run_command(unsigned int choice)
{
	char *words = strdup(commands[choice].words), *argv[24], *word, *rest;
	int argc = 0;

	for (word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		argv[argc++] = strcmp(word, "FILE") ? word : (char *)path;
	argv[argc] = NULL;
	optind = 0;
	commands[choice].run(argc, argv);
	free(words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int choice;
	char *bytes;

	if (!size)
		return 0;
	bytes = malloc(size);
	memcpy(bytes, data, size);
	choice = data[--size] >> 1;
	if (data[size] & 1)
		fuzz_checksums(bytes, size);
	if (dup2(fuzz_open(bytes, size), 9) != 9)
		abort();
	top(choice);
	run_command(choice % COMMANDS);
	free(bytes);
	return 0;
}

/* The seeds: what a writer makes. */

#define SECOND 1000000000ull
#define START (1000 * SECOND)

static struct records records;

static void add_buffer(uint64_t ino, const char *exporter)
{
	struct snap_buffer b = {
		.head = { SNAP_BUFFER, sizeof(b), ~SNAP_TORN }, .ino = ino, .size = ino << 16,
		.count = 4, .created = 1700000000, .uid = 7, .name = "name",
	};
	struct snap_attachment a = {
		.head = { SNAP_ATTACHMENT, sizeof(a), ~0u }, .ino = ino, .device = "camera.0",
		.driver = "vivid",
	};

	snprintf(b.exporter, sizeof(b.exporter), "%s", exporter);
	records_add(&records, &b, sizeof(b));
	records_add(&records, &a, sizeof(a));
}

static void add_slot(int type, uint64_t ino, uint64_t table, uint64_t start, uint64_t end,
		     uint32_t pid)
{
	struct snap_slot s = {
		.head = { type, sizeof(s), SNAP_SLOT_READ | SNAP_SLOT_WRITE }, .ino = ino,
		.table = table, .start = start, .end = end, .cgroup = 5, .pid = pid,
		.rdev = 226 << 20, .comm = "camera",
	};

	records_add(&records, &s, sizeof(s));
}

static void add_moment(struct recording_writer *w, int64_t realtime, uint64_t time, int buffers)
{
	struct recording_moment moment = { .realtime = (uint64_t)realtime + time, .sees = 15 };
	int i;

	records.len = 0;
	for (i = 1; i <= buffers; i++)
		add_buffer(i, i & 1 ? "system" : "i915");
	for (i = 1; i <= buffers; i++)
		add_slot(SNAP_FD, i, 1, 3 + i, 0, 500 + i % 2);
	add_slot(SNAP_MAP, 1, 77, 1 << 20, 2 << 20, 500);
	add_slot(SNAP_GEM, 2, 8, 1, 4711, 501);
	add_slot(SNAP_FRAMEBUFFER, 2, 8, 2, 4711, 501);
	add_slot(SNAP_IO_URING, 1, 9, 0, 0, 500);
	add_slot(SNAP_SOCKET, 10, 1, 9, 0, 500);
	add_slot(SNAP_SOCKET, 11, 2, 9, 0, 501);
	add_slot(SNAP_IN_FLIGHT, 1, 11, 0, 10, 0);
	if (recording_add_snapshot(w, time, &moment, buffers & 1 ? "lacks" : NULL, records.bytes,
				   records.len))
		abort();
}

static void add_event(struct recording_writer *w, uint64_t time, int type)
{
	struct dmabuf_event_task task = {
		.time = time, .tid = 500, .pid = 500, .cgroup = 5, .comm = "camera",
		.type = EVENT_TASK,
	};
	struct dmabuf_event e = {
		.time = time, .ino = 1 + type % 3, .tid = 500, .type = type, .value = 65536,
		.attachment = 1, .device = 1, .node = 1, .wait = 100, .flags = 2,
	};
	struct dmabuf_event_text text = { .text = "driver", .type = EVENT_TEXT };
	struct dmabuf_event_stack stack = {
		.time = time, .kernel = 1, .user = 2, .tid = 500, .type = EVENT_STACK,
	};
	struct dmabuf_event_frames frames = {
		.time = time, .stack = 1 + type % 2, .frames = { 1ull << 48 | 64, 2, 3 }, .n = 3,
		.user = type % 2, .type = EVENT_FRAMES,
	};
	char all[4 * sizeof(e)];

	if (type == EVENT_NAME || type == EVENT_FENCE_WAIT)
		e.flags |= EVENT_HAS_TEXT;
	else if (type % 2)
		e.flags |= EVENT_HAS_STACK;
	memcpy(all, &task, sizeof(e));
	memcpy(all + sizeof(e), &frames, sizeof(e));
	memcpy(all + 2 * sizeof(e), &e, sizeof(e));
	if (e.flags & EVENT_HAS_TEXT)
		memcpy(all + 3 * sizeof(e), &text, sizeof(e));
	else
		memcpy(all + 3 * sizeof(e), &stack, sizeof(e));
	if (recording_add_events(w, all, sizeof(all), type == EVENT_UNPIN))
		abort();
}

/* A few seconds, of which the first is at that time of day, with events of each kind. */
static void seed(const char *to, int64_t realtime, int moments, int compress, uint8_t choice)
{
	static const char *const texts[] = {
		"release=6.12.0", "host=seed", "source=bpf:iter", "hooks=kprobe", NULL
	};
	const struct recording_about about = {
		.realtime = realtime, .start = START, .memory = 1 << 30, .texts = texts,
	};
	const struct recording_options options = { .compress = compress };
	int fd = open(to, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), i, type;
	struct recording_writer *w;

	if (fd < 0 || recording_create(&w, fd, &about, &options))
		abort();
	recording_add_name(w, RECORDING_EXPORTER, 1, "system", NULL);
	recording_add_name(w, RECORDING_DEVICE, 1, "camera.0", NULL);
	recording_add_name(w, RECORDING_NODE, 1, "/dev/video0", NULL);
	recording_add_name(w, RECORDING_RDEV, 226 << 20, "/dev/dri/card0", NULL);
	recording_add_name(w, RECORDING_CGROUP, 5, "/camera", NULL);
	recording_add_name(w, RECORDING_DEVICE_NODES, 0, "camera.0", "/dev/video0");
	recording_add_name(w, RECORDING_FILE, 1, "/usr/bin/camera", "0123");
	recording_add_name(w, RECORDING_SYMBOL, 2, "function+0x12 [module]", NULL);
	for (i = 0; i < moments; i++) {
		add_moment(w, realtime, START + i * SECOND, 2 + i % 3);
		for (type = 0; type < EVENT_TYPES; type++)
			add_event(w, START + i * SECOND + type * 1000, type);
	}
	if (choice & 2 ? recording_flush(w) : recording_finish(w, "done"))
		abort();
	recording_free(w);
	if (write(fd, &choice, 1) != 1)
		abort();
	close(fd);
}

static void write_corpus(const char *directory)
{
	static const int64_t times[] = {
		1700006398 * (int64_t)SECOND, -3 * (int64_t)START, INT64_MAX - 1000, INT64_MIN,
	};
	char to[4096];
	unsigned int i;

	for (i = 0; i < COMMANDS; i++) {
		snprintf(to, sizeof(to), "%s/%.3s-%u", directory, commands[i].words, i);
		seed(to, i ? times[i % 4] : times[0] - (int64_t)START, 1 + i % 4, i % 2 * 3,
		     i << 1);
	}
	records_free(&records);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	FILE *null = fopen("/dev/null", "r+");

	if (*argc == 3 && !strcmp((*argv)[1], "-write-corpus")) {
		write_corpus((*argv)[2]);
		exit(0);
	}
	setenv("HOME", "/nonexistent", 1);
	unsetenv("XDG_CONFIG_HOME");
	setlocale(LC_CTYPE, "C.UTF-8");
	/* Messages of the commands; libFuzzer keeps the one that it had */
	stderr = null;
	if (!null || !newterm("xterm", null, null))
		abort();
	return 0;
}
