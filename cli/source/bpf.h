/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by the sources that load BPF programs; for source/ only. */
#ifndef SOURCE_BPF_H
#define SOURCE_BPF_H

/* From here on libbpf's first warning is kept for bpf_explain(), and with -v printed. */
void bpf_listen(void);
/*
 * Return the reason of a failure err and the remedy, after what ("": none). One line, good until
 * the next call.
 */
const char *bpf_explain(int err, const char *what);

struct bpf_link;
struct records;
/* Append all output of an iterator. 0 or -errno. */
int bpf_read_iterator(struct bpf_link *link, struct records *records);

#endif
