/* SPDX-License-Identifier: GPL-2.0 */
/* Lines below open rows of a list: their keys and texts. */
#ifndef TOP_LINES_H
#define TOP_LINES_H

#include "top/list.h"

/* Make the lines of a list with open rows. 0 or -ENOMEM. */
int lines_make(struct list *list, const struct history *history);
struct line_key lines_key(const struct list *list, const struct line *line);
/* Write the text of a line, safe to print; the name of a row. */
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

#endif
