/* SPDX-License-Identifier: GPL-2.0 */
/* A step of model_load(), called by snapshot.c alone. */
#ifndef MODEL_HOLDERS_H
#define MODEL_HOLDERS_H

struct model;

/*
 * Puts the slots in the order of buffers and holders, makes m->holders of them and of the
 * attachments, and counts each buffer's slots, those that processes share once. Returns 0 or
 * -ENOMEM.
 */
int model_make_holders(struct model *m);

#endif
