/* SPDX-License-Identifier: GPL-2.0 */
/* The state at a time from the events of a recording, as hooks report it; for recording.c. */
#ifndef SOURCE_RECORDED_STATE_H
#define SOURCE_RECORDED_STATE_H

#include <stdint.h>

/* A device number for a node of the recording: these bits, and the number of the node */
#define RECORDED_NODE (1u << 31)

struct model_operations;
struct recorded_state;
struct recording;
struct records;

struct recorded_state *recorded_state_new(struct recording *recording);
/*
 * Move to a snapshot, counted from 0: forward from the current one, or else from the beginning.
 * Return 0 or -errno.
 */
int recorded_state_go(struct recorded_state *state, uint32_t moment);
/* As events_state() and events_operations(). */
int recorded_state_add(const struct recorded_state *state, struct records *records);
int recorded_state_operations(const struct recorded_state *state,
			      struct model_operations *operations);
uint64_t recorded_state_lost(const struct recorded_state *state);
void recorded_state_free(struct recorded_state *state);

#endif
