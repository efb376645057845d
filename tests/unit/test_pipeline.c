// SPDX-License-Identifier: GPL-2.0
/* Flows, and what is unknown of mappings older than the hooks. */
#include "model/pipeline.h"
#include "fixture.h"

static struct snap_mapping *mapping(struct records *r, uint64_t ino, const char *device,
				    uint32_t id, int direction, uint64_t maps, uint32_t mapped)
{
	struct snap_mapping s = {
		.head = { SNAP_MAPPING, sizeof(s), 0 }, .ino = ino, .id = id,
		.since = maps ? 100000000000 : 0,
	};

	s.maps[direction] = maps;
	s.mapped[direction] = mapped;
	record_text(s.device, sizeof(s.device), device);
	return record_add(r, &s, sizeof(s));
}

static void access_by(struct records *r, uint64_t ino, uint32_t pid, uint64_t reads,
		      uint64_t writes)
{
	struct snap_access s = {
		.head = { SNAP_ACCESS, sizeof(s), 0 }, .ino = ino, .pid = pid, .reads = reads,
		.writes = writes, .last = 100000000000,
	};

	record_add(r, &s, sizeof(s));
}

static void update(struct model *m, struct records *r, double time)
{
	m->watched = MODEL_WATCHES_STATE;
	m->time = time;
	load(m, r, NULL);
	assert_int_equal(pipelines_update(m), 0);
}

/* Two buffers that a camera writes and a display reads, by so many maps each. */
static void camera(struct records *r, uint64_t maps)
{
	uint64_t ino;

	for (ino = 1; ino <= 2; ino++) {
		record_buffer(r, ino, 4096, 1);
		record_slot(r, 7, ino, 7, ino, 0);
		record_attachment(r, ino, "camera", "cam");
		record_attachment(r, ino, "display", "drm");
		mapping(r, ino, "camera", ino * 2, DIRECTION_FROM_DEVICE, maps, 0);
		mapping(r, ino, "display", ino * 2 + 1, DIRECTION_TO_DEVICE, maps, 0);
	}
}

static void flows(void **state)
{
	struct records r = { 0 };
	struct model m = { 0 };
	const struct model_flow *f;
	uint64_t seconds;

	(void)state;
	camera(&r, 10007);
	update(&m, &r, 100);
	assert_int_equal(m.pipelines.n_flows, 1);
	f = m.pipelines.flows;
	assert_int_equal(f->buffers, 2);
	assert_false(f->presumed);
	assert_false(f->rate_known);
	assert_string_equal(flow_end_name(&m, f, FLOW_PRODUCER, 0), "camera");
	assert_null(flow_end_name(&m, f, FLOW_PRODUCER, 1));
	assert_string_equal(flow_end_name(&m, f, FLOW_CONSUMER, 0), "display");
	camera(&r, 10007 + 23);
	update(&m, &r, 102);
	f = m.pipelines.flows;
	assert_true(f->rate_known);
	assert_true(f->rate == 23);
	assert_false(flow_is_stalled(&m, f, &seconds));
	camera(&r, 10007 + 23);
	update(&m, &r, 109);
	f = m.pipelines.flows;
	assert_true(f->rate_known && f->rate == 0);
	assert_true(flow_is_stalled(&m, f, &seconds));
	assert_int_equal(seconds, 9);
	records_free(&r);
	model_free(&m);
}

/* A display that attaches for each frame: at any instant, a buffer is attached, or none is. */
static void by_frame(struct records *r, int frame)
{
	uint64_t now = (100 + frame) * 1000000000ull, ino;

	for (ino = 1; ino <= 5; ino++) {
		record_buffer(r, ino, 4096, 1);
		record_slot(r, 7, ino, 7, ino, 0);
	}
	ino = frame % 5 + 1;
	record_attachment(r, ino, "display", "drm");
	mapping(r, ino, "display", ino, DIRECTION_TO_DEVICE, frame / 5, 0)->since = now;
	for (ino = 1; ino <= 5; ino++) {
		struct snap_mapping *past = mapping(r, ino, "display", ino, DIRECTION_TO_DEVICE,
						    frame / 5, 0);

		past->head.valid = SNAP_MAPPING_PAST;
		past->since = now;
	}
}

static void attached_by_frame(void **state)
{
	struct records r = { 0 };
	struct model m = { 0 };
	const struct model_flow *f;

	(void)state;
	by_frame(&r, 100);
	update(&m, &r, 200);
	by_frame(&r, 130);
	/* Detached, or not yet mapped, when the hooks were asked */
	record_attachment(&r, 3, "display", "drm");
	update(&m, &r, 201);
	assert_int_equal(m.pipelines.n_flows, 1);
	f = m.pipelines.flows;
	assert_int_equal(f->buffers, 5);
	assert_true(f->rate_known);
	assert_true(f->rate == 30);
	assert_string_equal(flow_end_name(&m, f, FLOW_CONSUMER, 0), "display");
	assert_null(flow_end_name(&m, f, FLOW_OTHER, 0));
	/* Long ago */
	by_frame(&r, 130);
	update(&m, &r, 230 + PIPELINE_PAST_SECONDS);
	assert_int_equal(m.pipelines.n_flows, 1);
	assert_int_equal(m.pipelines.flows->buffers, 1);
	records_free(&r);
	model_free(&m);
}

/* Nobody writes: the exporter may. A device with a kept mapping may work unseen. */
static void presumed(void **state)
{
	struct records r = { 0 };
	struct model m = { 0 };
	const struct model_flow *f;
	uint64_t seconds;
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		record_buffer(&r, 1, 4096, 1);
		record_slot(&r, 7, 1, 7, 3, 0);
		record_attachment(&r, 1, "display", "drm");
		mapping(&r, 1, "display", 1, DIRECTION_TO_DEVICE, 1, 1);
		update(&m, &r, 110 + i);
	}
	f = m.pipelines.flows;
	assert_true(f->presumed);
	assert_string_equal(flow_presumed(&m, f), "system");
	assert_false(f->rate_known);
	assert_false(flow_is_stalled(&m, f, &seconds));
	records_free(&r);
	model_free(&m);
}

/* A V4L2 buffer of process 7 that an output of number 81:1 reads; the process has others open. */
static const char *presumed_of(struct model *m, const uint32_t *minors)
{
	static const char *const paths[] = { "/dev/video0", "/dev/video1", "/dev/video2",
					     "/dev/v4l-subdev3" };
	struct snap_node node = { .head = { SNAP_NODE, sizeof(node), 0 }, .pid = 7 };
	struct records r = { 0 };
	uint32_t i;

	strcpy(record_buffer(&r, 1, 4096, 1)->exporter, "videobuf2_dma_contig");
	record_slot(&r, 7, 1, 7, 3, 0);
	record_attachment(&r, 1, "vivid.0", "vivid");
	mapping(&r, 1, "vivid.0", 1, DIRECTION_TO_DEVICE, 1, 1)->rdev = 81 << 20 | 1;
	for (; *minors != UINT32_MAX; minors++) {
		node.rdev = 81 << 20 | *minors;
		record_add(&r, &node, sizeof(node));
	}
	m->watched = MODEL_WATCHES_STATE;
	m->time = 100;
	load(m, &r, NULL);
	for (i = 0; i < m->n_nodes; i++)
		m->nodes[i].path = paths[m->nodes[i].rdev & 0xff];
	assert_int_equal(pipelines_update(m), 0);
	records_free(&r);
	assert_int_equal(m->pipelines.n_flows, 1);
	return flow_presumed(m, m->pipelines.flows);
}

/* Hooks that came after the export do not know its node. */
static void presumed_by_open_nodes(void **state)
{
	static const uint32_t only[] = { 1, 0, 3, 0, UINT32_MAX }, none[] = { 1, 3, UINT32_MAX },
			      several[] = { 0, 1, 2, UINT32_MAX };
	struct model m = { 0 };

	(void)state;
	assert_string_equal(presumed_of(&m, only), "/dev/video0");
	assert_string_equal(presumed_of(&m, none), "videobuf2_dma_contig");
	assert_string_equal(presumed_of(&m, several), "videobuf2_dma_contig");
	model_free(&m);
}

static void processes(void **state)
{
	struct records r = { 0 };
	struct model m = { 0 };
	const struct model_flow *f;

	(void)state;
	record_buffer(&r, 1, 4096, 1);
	record_slot(&r, 7, 1, 7, 3, 0);
	access_by(&r, 1, 7, 0, 23);
	access_by(&r, 1, 8, 23, 0);	/* holds nothing: nobody asks */
	update(&m, &r, 100);
	f = m.pipelines.flows;
	assert_string_equal(flow_end_name(&m, f, FLOW_PRODUCER, 0), "cpu:comm7");
	assert_null(flow_end_name(&m, f, FLOW_CONSUMER, 0));
	assert_null(flow_presumed(&m, f));
	records_free(&r);
	r = (struct records){ 0 };
	/* Others took the place of the process, which came again */
	record_buffer(&r, 1, 4096, 1);
	record_slot(&r, 7, 1, 7, 3, 0);
	access_by(&r, 1, 7, 0, 5);
	update(&m, &r, 101);
	assert_int_equal(m.pipelines.flows->rate, 5);
	records_free(&r);
	model_free(&m);
}

static void unknown(void **state)
{
	struct records r = { 0 };
	struct model m = { 0 };
	bool mapped;

	(void)state;
	record_buffer(&r, 1, 4096, 1);
	record_attachment(&r, 1, "a", "drm");
	record_attachment(&r, 1, "b", "drm");
	record_attachment(&r, 1, "c", "drm");
	mapping(&r, 1, "b", 1, DIRECTION_TO_DEVICE, 23, 0)->head.valid = SNAP_MAPPING_OLDER;
	mapping(&r, 1, "c", 2, DIRECTION_TO_DEVICE, 0, 0);
	update(&m, &r, 100);
	assert_false(attachment_mapped(&m.attachments[0], &mapped));
	assert_false(attachment_mapped(&m.attachments[1], &mapped));
	assert_int_equal(attachment_directions(&m.attachments[1]), 1 << DIRECTION_TO_DEVICE);
	assert_true(attachment_mapped(&m.attachments[2], &mapped));
	assert_false(mapped);
	assert_true(device_of(&m, "a")->mapped_unknown);
	assert_false(device_of(&m, "c")->mapped_unknown);
	assert_non_null(flow_end_name(&m, m.pipelines.flows, FLOW_OTHER, 1));
	records_free(&r);
	model_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flows),
		cmocka_unit_test(attached_by_frame),
		cmocka_unit_test(presumed),
		cmocka_unit_test(presumed_by_open_nodes),
		cmocka_unit_test(processes),
		cmocka_unit_test(unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
