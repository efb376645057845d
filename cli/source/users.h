/* SPDX-License-Identifier: GPL-2.0 */
/* What source.c adds to records that BPF programs made: see snap_node and snap_former. */
#ifndef SOURCE_USERS_H
#define SOURCE_USERS_H

#include <stdbool.h>

struct model;
struct node_names;
struct records;
struct snap_node;
struct users;

/* Whether processes can be asked for whether they live. */
bool users_are_seen(void);
/* Gives each open device file its names, and takes out those that come again. 0 or -ENOMEM. */
int users_name_nodes(struct node_names **names, struct records *records);
/*
 * Adds the processes that held a buffer and live to records and to model, which was made of them.
 * Keeps no more pids than there are processes. 0 or -ENOMEM.
 */
int users_update(struct users *users, struct model *model, struct records *records);
void users_free(struct users *users);

/*
 * Fills in name, device and driver of a device file, from sysfs; empty if there is none. A known
 * number costs one system call. nodes.c
 */
void node_describe(struct node_names **names, struct snap_node *node);

#endif
