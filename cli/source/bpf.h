/* SPDX-License-Identifier: GPL-2.0 */
/* What the sources that load BPF programs share; used in source/ only. */
#ifndef SOURCE_BPF_H
#define SOURCE_BPF_H

/* From here on libbpf's first warning is kept for bpf_explain(), and with -v printed. */
void bpf_listen(void);
/*
 * Why what ("" nothing said) was refused: err, or what helps. One line, good until the next call.
 */
const char *bpf_explain(int err, const char *what);

struct bpf_link;
struct records;
/* Appends all that an iterator gives. 0 or -errno. */
int bpf_read_iterator(struct bpf_link *link, struct records *records);

#endif
