/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who writes buffers and who reads them, from what hooks have seen of mappings and CPU accesses.
 * A flow is the buffers of equal exporter, node and size that the same devices use in the same
 * directions and the same processes read and write. Pure data and arithmetic.
 */
#ifndef MODEL_PIPELINE_H
#define MODEL_PIPELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/hash.h"

struct model;
struct model_attachment;
struct model_buffer;

/* enum dma_data_direction, as the kernel has it; NONE: not seen */
enum {
	DIRECTION_BOTH,
	DIRECTION_TO_DEVICE,		/* the device reads */
	DIRECTION_FROM_DEVICE,		/* the device writes */
	DIRECTION_NONE,
};

/* A buffer is of a flow for so many seconds after it was detached. */
#define PIPELINE_PAST_SECONDS 10
/* Without a map or an access for so many seconds a flow that was seen to move is stalled. */
#define PIPELINE_STALL_SECONDS 3

/* What a process did to a buffer. */
struct model_access {
	uint32_t buffer, process;	/* indices */
	uint64_t reads, writes;		/* since the hooks are set */
	double last;			/* CLOCK_REALTIME, seconds */
	uint64_t recent[2];		/* reads, writes since the snapshot before */
};

/* What a device did to a buffer from which it is detached. */
struct model_past {
	uint32_t buffer;		/* index */
	uint32_t id;			/* as model_attachment's, which it may be again */
	uint32_t node;			/* index, or INDEX_NONE */
	const char *device;
	uint64_t maps[3], took, waited;
	double since;			/* mapped last, CLOCK_REALTIME seconds */
	uint64_t recent[3];		/* maps since the snapshot before */
};

/* A device that uses the buffers in one direction, or a process that reads or writes them. */
struct flow_end {
	const char *device;		/* NULL: a process */
	uint32_t process;		/* index */
	uint32_t node;			/* the device's, of model.nodes, INDEX_NONE unknown */
	unsigned int direction;		/* of processes as if they were devices */
	uint64_t recent;		/* maps, or accesses, since the snapshot before */
};

struct model_flow {
	uint64_t key;			/* the same from snapshot to snapshot */
	const char *exporter;		/* NULL unknown */
	uint32_t node;			/* that it was exported through, or INDEX_NONE */
	uint64_t size;			/* of each buffer */
	bool sized;
	uint64_t buffers;
	uint32_t first_buffer;		/* index; then model_buffer.next_of_flow */
	uint32_t first_end, ends;	/* in model.pipelines.ends: by device and direction */
	uint32_t first_process, processes;	/* that hold them, in .processes */
	bool held;			/* a mapping is kept: its device may go on unseen */
	bool presumed;			/* nobody is seen to write: the exporter may */
	uint32_t presumed_node;		/* then: see flow_presumed(), or INDEX_NONE */
	bool rate_known;
	double rate;			/* maps a second: busiest consumer, else producer */
	int64_t created;		/* the oldest, CLOCK_REALTIME seconds; 0 unknown */
	double last;			/* the last map or access that was seen, 0 none */
	uint64_t took, waited;		/* ns: all maps, and what of it was waiting for fences */
};

struct pipelines {
	struct model_flow *flows;
	uint32_t n_flows, room_flows;
	struct flow_end *ends;
	uint32_t n_ends, room_ends;
	uint32_t *processes;		/* indices */
	uint32_t n_processes, room_processes;
	struct index by_key, before;	/* before: counts of the snapshot before, cut */
	double time;			/* of that, 0: there is none */
};

/*
 * Makes the flows of the selected buffers, and every attachment's and access' recent counts.
 * Without hooks there are none. Returns 0 or -ENOMEM.
 */
int pipelines_update(struct model *model);
void pipelines_free(struct pipelines *pipelines);

/* How a flow's end takes part */
enum flow_side {
	FLOW_PRODUCER,
	FLOW_CONSUMER,
	FLOW_OTHER,			/* attached, and not seen to be mapped */
};
/*
 * The i-th of one side's ends as people know it: "/dev/video1 vivid.0", "cpu:encoder". Good until
 * the next call, any bytes; NULL: there are no more.
 */
const char *flow_end_name(const struct model *model, const struct model_flow *flow,
			  enum flow_side side, uint32_t i);
/*
 * The presumed producer: the node that the buffers were exported through. If no hook saw the
 * export and V4L2 is the exporter: the only video node that the holders have open beside those
 * of the flow's ends. Else the exporter. NULL: a producer is seen, or nothing is known.
 */
const char *flow_presumed(const struct model *model, const struct model_flow *flow);
/* For how many seconds; false: it moves, was never seen to, or may do so unseen. */
bool flow_is_stalled(const struct model *model, const struct model_flow *flow, uint64_t *seconds);
/* The share of map time that was spent waiting for fences, percent; false: nothing was mapped. */
bool flow_fence_share(const struct model_flow *flow, uint64_t *percent);

/* Whether it is mapped now; false: unknown, since it may have been before the hooks were set. */
bool attachment_mapped(const struct model_attachment *attachment, bool *mapped);
/* 1 << direction of each that it was seen mapped in. */
unsigned int attachment_directions(const struct model_attachment *attachment);
/*
 * What a map takes, of buffers of an exporter (NULL: any) by a device: percent of the calls do not
 * exceed *ns. False if none was timed.
 */
bool map_percentile(const struct model *model, const char *exporter, const char *device,
		    double percent, uint64_t *ns);
/* How many of them a second since the snapshot before, in thousandths. False: unknown. */
bool map_rate(const struct model *model, const char *device, uint64_t *rate);

#endif
