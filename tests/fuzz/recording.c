// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer target: any bytes as a recording. To get past the checksums, half of the inputs are
 * given right ones first. out/tests/fuzz/recording -write-corpus DIRECTORY makes the seeds.
 */
#include "fuzz.h"

#include "dmabuf_events.h"
#include "dmabuf_snapshot.h"
#include "model/activity.h"
#include "model/model.h"
#include "recording/recording.h"
#include "recording/replay.h"

static int keep_name(void *ctx, const struct recording_name *name)
{
	size_t *len = ctx;

	*len += strlen(name->text);
	if (recording_second(name))
		*len += strlen(recording_second(name));
	return 0;
}

static int take_event(void *ctx, const struct model_event *event)
{
	return activity_event(ctx, event);
}

static int take_older(void *ctx, const struct replay_older *o)
{
	return activity_older(ctx, o->ino, o->size, o->created, o->exporter);
}

static int take_gone(void *ctx, uint64_t ino)
{
	activity_gone(ctx, ino);
	return 0;
}

/* What report does with all of it. */
static void replay_it(struct recording *r)
{
	struct activity activity;
	const struct replay_taker taker = {
		.event = take_event, .older = take_older, .gone = take_gone, .ctx = &activity,
	};
	struct replay *replay = replay_new(r, NULL);

	activity_init(&activity);
	replay_run(replay, &taker, UINT32_MAX);
	activity_finish(&activity);
	activity_free(&activity);
	replay_free(replay);
}

static void read_it(int fd)
{
	struct recording_snapshot snapshot;
	struct recording_block block;
	struct model model = { 0 };
	struct recording *r;
	size_t names = 0;
	uint64_t at = 0;
	char why[160];
	uint32_t i;

	if (recording_open_fd(&r, fd, why, sizeof(why)))
		return;
	recording_text(r, "release");
	recording_survey(r, keep_name, &names);
	for (i = 0; i < recording_snapshots(r); i++) {
		if (recording_read_snapshot(r, i, &snapshot))
			continue;
		model.sees = snapshot.sees;
		if (!model_load(&model, snapshot.records, snapshot.len))
			model_account(&model, NULL);
	}
	while (recording_next(r, &at, &block) == 1)
		recording_load(r, &block);
	replay_it(r);
	recording_text(r, "end");
	recording_damage(r);
	recording_unknown(r);
	recording_close(r);
	model_free(&model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *bytes;

	/* The last byte chooses, so that the seeds are recordings as they are */
	bytes = malloc(size + 1);
	memcpy(bytes, data, size);
	if (size && bytes[size - 1] & 1)
		fuzz_checksums(bytes, size);
	read_it(dup(fuzz_open(bytes, size)));
	free(bytes);
	return 0;
}

/* The seeds: what a writer makes. */

static void seed(const char *path, const struct recording_options *options, int parts)
{
	static const char *const texts[] = { "release=6.12.0", "host=seed", NULL };
	const struct recording_about about = { .realtime = 1, .start = 1, .texts = texts };
	const struct recording_moment moment = { .sees = ~0u };
	struct {
		struct snap_buffer buffer;
		struct snap_attachment attachment;
		struct snap_slot fd;
	} snapshot = {
		{ .head = { SNAP_BUFFER, sizeof(struct snap_buffer), ~0u }, .ino = 7, .size = 4096,
		  .count = 1, .exporter = "system", .name = "a" },
		{ .head = { SNAP_ATTACHMENT, sizeof(struct snap_attachment), ~0u }, .ino = 7,
		  .device = "vgem", .driver = "vgem" },
		{ .head = { SNAP_FD, sizeof(struct snap_slot), 0 }, .ino = 7, .table = 1,
		  .start = 3, .pid = 4711, .comm = "seed" },
	};
	struct dmabuf_event events[23] = { 0 };
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644), i, err;
	struct recording_writer *w;

	for (i = 0; i < 23; i++)
		events[i] = (struct dmabuf_event){ .time = i, .ino = 7, .type = i ? EVENT_BEGIN :
						   EVENT_TASK };
	err = fd < 0 ? -1 : recording_create(&w, fd, &about, options);
	if (err) {
		perror(path);
		exit(1);
	}
	if (parts > 0)
		err |= recording_add_name(w, RECORDING_DEVICE_NODES, 0, "vgem", "/dev/dri/card0");
	if (parts > 1)
		err |= recording_add_snapshot(w, 2, &moment, "lacks", &snapshot, sizeof(snapshot));
	if (parts > 2)
		err |= recording_add_events(w, events, sizeof(events), 3);
	if (parts > 3)
		err |= recording_finish(w, "done");
	else
		err |= recording_flush(w);
	recording_free(w);
	close(fd);
	if (err)
		exit(1);
}

static void write_corpus(const char *directory)
{
	char path[4096];
	int parts, level;

	for (level = 0; level < 2; level++) {
		for (parts = 0; parts < 5; parts++) {
			snprintf(path, sizeof(path), "%s/%s-%d.data", directory,
				 level ? "zstd" : "plain", parts);
			seed(path, &(struct recording_options){ .compress = level }, parts);
		}
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	if (*argc == 3 && !strcmp((*argv)[1], "-write-corpus")) {
		write_corpus((*argv)[2]);
		exit(0);
	}
	return 0;
}
