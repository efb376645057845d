/* SPDX-License-Identifier: GPL-2.0 */
/* Names of numbers on this machine: cgroups and device files. */
#ifndef SOURCE_NAMES_H
#define SOURCE_NAMES_H

#include <stdint.h>

/* Return the path of a cgroup v2 id, NULL unknown, valid until source_close(). cgroup.c */
struct cgroup_names;
const char *cgroup_path(struct cgroup_names **names, uint64_t id);
/* Forget all names above a number. Paths since the last call stay valid until the next call. */
void cgroup_names_trim(struct cgroup_names *names, uint32_t most);
void cgroup_names_free(struct cgroup_names *names);

/*
 * Return device files, from sysfs: the file of a device number (major << 20 | minor), and the files
 * of a device, joined by ";" ("/dev/video0;/dev/video1"). NULL: unknown or none. Valid until
 * source_close(). nodes.c
 */
struct node_names;
const char *node_of_number(struct node_names **names, uint32_t rdev);
const char *nodes_of_device(struct node_names **names, const char *device);
void node_names_free(struct node_names *names);

#endif
