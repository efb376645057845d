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
 * Write the slots of a type of a holder, "17 23", from slot at, as many as fit and at least 1.
 * Return the index of the next slot. text has at least SLOT_ROOM bytes.
 */
#define SLOT_ROOM 64
uint32_t lines_put_slots(const struct model *model, const struct model_holder *holder,
			 uint32_t type, uint32_t at, char *text, size_t room);
/* Count the sockets with a buffer in flight: holders of the model behind the b->procs first. */
uint32_t lines_sockets(const struct model *model, const struct model_buffer *buffer);
/* Write the nodes of a device, "/dev/video0 /dev/video1", safe to print; "" without nodes. */
void lines_nodes(const struct model_device *device, char *text, size_t room);

#endif
