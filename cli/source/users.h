/* SPDX-License-Identifier: GPL-2.0 */
/* Additions of source.c to the records of BPF programs: see snap_node and snap_former. */
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
/* Name each open device file, and remove duplicates. 0 or -ENOMEM. */
int users_name_nodes(struct node_names **names, struct records *records);
/*
 * Add the live processes that held a buffer to records, and to the model of these records.
 * Keep at most as many pids as there are processes. 0 or -ENOMEM.
 */
int users_update(struct users *users, struct model *model, struct records *records);
void users_free(struct users *users);

/*
 * Set name, device and driver of a device file, from sysfs; empty if unknown. A known number costs
 * one system call. nodes.c
 */
void node_describe(struct node_names **names, struct snap_node *node);

#endif
