/* SPDX-License-Identifier: GPL-2.0 */
/*
 * References that are neither fds nor mappings: GEM handles of DRM files, messages in unix
 * sockets, files registered with io_uring. Part of snapshot.bpf.c, which includes it. All walks
 * are bounded, go without locks and read what may be freed under them; what they find counts only
 * if it is a living dma-buf.
 */
#ifndef REFERENCES_BPF_H
#define REFERENCES_BPF_H

#define MINOR_BITS	20		/* include/linux/kdev_t.h */
#define DRM_MAJOR	226		/* Documentation/admin-guide/devices.txt */
#define ACCEL_MAJOR	261
#define MEM_MAJOR	1
#define VIDEO_MAJOR	81		/* V4L2 */
#define TTY_MAJOR	4
#define TTYAUX_MAJOR	5
#define PTS_MAJOR	136
#define PTS_MAJORS	8
#define ANON_INODE_FS_MAGIC 0x09041934	/* include/uapi/linux/magic.h */
#define AF_UNIX		1
#define S_IFMT		0170000
#define S_IFSOCK	0140000
#define S_IFCHR		0020000

enum tree_move {
	TREE_LEFT,			/* nothing of this node was seen yet */
	TREE_RIGHT,			/* it was, and all to its left */
	TREE_UP,			/* all of it was */
};

/* Where the walks are; see walk in snapshot.bpf.c for why here. */
struct {
	struct drm_file *file;
	struct rb_node *node;
	__u32 move;			/* enum tree_move */
	struct sk_buff *first, *message;
	struct scm_fp_list *fds;
	__u32 messages;
	struct list_head *framebuffer, *framebuffers;	/* the next one, and their list's head */
	void *registered;		/* io_uring's table of files */
	struct snap_slot slot;		/* filled in by whoever starts a walk */
} references;

/* The radix tree's inner nodes are marked by 2 in the lowest bits (include/linux/xarray.h). */
static __always_inline bool is_xa_node(void *entry)
{
	return ((unsigned long)entry & 3) == 2 && (unsigned long)entry > 4096;
}

/* The GEM object of a handle, NULL if it is not there. */
static __always_inline struct drm_gem_object *gem_object(struct drm_file *file, __u32 handle)
{
	void *entry = BPF_CORE_READ(file, object_idr.idr_rt.xa_head);
	__u64 id = handle - BPF_CORE_READ(file, object_idr.idr_base);
	int level;

	/* 64 slots a node: six levels hold all of 32 bits */
	for (level = 0; level < 6 && is_xa_node(entry); level++) {
		struct xa_node *node = entry - 2;
		__u64 slot = id >> (BPF_CORE_READ(node, shift) & 63);
		__u64 mask = bpf_core_field_size(node->slots) / sizeof(void *) - 1;

		bpf_probe_read_kernel(&entry, sizeof(entry), (void *)node +
				      bpf_core_field_offset(struct xa_node, slots) +
				      (slot & mask) * sizeof(void *));
	}
	return is_xa_node(entry) ? NULL : entry;
}

static __always_inline void emit_handle(struct rb_node *node)
{
	struct drm_prime_member *member = (void *)node -
		bpf_core_field_offset(struct drm_prime_member, dmabuf_rb);
	struct dma_buf *dmabuf = BPF_CORE_READ(member, dma_buf);
	struct drm_gem_object *object;
	struct file *file;

	if (!is_buffer(dmabuf, false))
		return;
	file = BPF_CORE_READ(dmabuf, file);
	references.slot.ino = BPF_CORE_READ(file, f_inode, i_ino);
	references.slot.count = compat_file_count(file, false);
	references.slot.start = BPF_CORE_READ(member, handle);
	references.slot.end = 0;
	references.slot.head.valid = SNAP_SLOT_HAS_COUNT;
	object = gem_object(references.file, references.slot.start);
	if (object && BPF_CORE_READ(object, dma_buf) == dmabuf) {
		references.slot.end = (__u64)object;
		if (BPF_CORE_READ(object, import_attach))
			references.slot.head.valid |= SNAP_SLOT_IMPORT;
	}
	run.anchor = (__u64)dmabuf;
	emit(&references.slot, sizeof(references.slot));
}

/* One move in the tree: no stack, and no more than three for each node. */
static long tree_step(__u32 index, void *ctx)
{
	struct rb_node *node = references.node, *next;

	if (references.move == TREE_LEFT) {
		next = BPF_CORE_READ(node, rb_left);
		if (next) {
			references.node = next;
			return 0;
		}
		emit_handle(node);
		references.move = TREE_RIGHT;
	} else if (references.move == TREE_RIGHT) {
		next = BPF_CORE_READ(node, rb_right);
		references.move = next ? TREE_LEFT : TREE_UP;
		if (next)
			references.node = next;
	} else {
		/* The lowest bits are the colour */
		next = (void *)(BPF_CORE_READ(node, __rb_parent_color) & ~3UL);
		if (!next)
			return 1;
		references.node = next;
		if (BPF_CORE_READ(next, rb_left) == node) {
			emit_handle(next);
			references.move = TREE_RIGHT;
		}
	}
	return 0;
}

/* What a framebuffer's object is: exported or imported, or NULL. */
static __always_inline struct dma_buf *object_buffer(struct drm_gem_object *object)
{
	struct dma_buf *dmabuf = BPF_CORE_READ(object, dma_buf);
	struct dma_buf_attachment *import;

	if (dmabuf)
		return dmabuf;
	/* Its last handle was closed, and the framebuffer keeps it. */
	import = BPF_CORE_READ(object, import_attach);
	return import ? BPF_CORE_READ(import, dmabuf) : NULL;
}

static long emit_framebuffer(__u32 index, void *ctx)
{
	struct list_head *node = references.framebuffer;
	struct drm_framebuffer *fb;
	int plane;

	if (!node || node == references.framebuffers)
		return 1;
	fb = (void *)node - bpf_core_field_offset(struct drm_framebuffer, filp_head);
	for (plane = 0; plane < 4; plane++) {
		struct drm_gem_object *object;
		struct dma_buf *dmabuf;
		struct file *file;

		bpf_probe_read_kernel(&object, sizeof(object), (void *)fb +
				      bpf_core_field_offset(struct drm_framebuffer, obj) +
				      plane * sizeof(object));
		dmabuf = object ? object_buffer(object) : NULL;
		if (!dmabuf || !is_buffer(dmabuf, false))
			continue;
		file = BPF_CORE_READ(dmabuf, file);
		references.slot.ino = BPF_CORE_READ(file, f_inode, i_ino);
		references.slot.start = BPF_CORE_READ(fb, base.id);
		references.slot.end = 0;
		if (BPF_CORE_READ(object, dma_buf) == dmabuf)
			references.slot.end = (__u64)object;
		emit(&references.slot, sizeof(references.slot));
	}
	references.framebuffer = BPF_CORE_READ(node, next);
	return 0;
}

static __always_inline bool is_drm_node(__u32 rdev)
{
	return rdev >> MINOR_BITS == DRM_MAJOR || rdev >> MINOR_BITS == ACCEL_MAJOR;
}

/* The PRIME table of a DRM file that this task has open, and its framebuffers. */
static __always_inline void emit_drm_file(struct task_struct *task, struct file *file)
{
	struct drm_file *drm;

	/* drm.ko is not loaded, so nothing of that major is DRM's */
	if (!bpf_core_type_exists(struct drm_prime_member))
		return;
	drm = file->private_data;
	references.file = drm;
	references.node = BPF_CORE_READ(drm, prime.dmabufs.rb_node);
	references.framebuffers = (void *)drm + bpf_core_field_offset(struct drm_file, fbs);
	references.framebuffer = BPF_CORE_READ(drm, fbs.next);
	__builtin_memset(&references.slot, 0, sizeof(references.slot));
	references.slot.head.len = sizeof(references.slot);
	references.slot.table = (__u64)drm;
	references.slot.rdev = file->f_inode->i_rdev;
	fill_holder(&references.slot, task);
	if (references.framebuffer != references.framebuffers) {
		references.slot.head.type = SNAP_FRAMEBUFFER;
		bpf_loop(SNAPSHOT_MAX_HANDLES, emit_framebuffer, NULL, 0);
	}
	if (references.node) {
		references.slot.head.type = SNAP_GEM;
		references.move = TREE_LEFT;
		bpf_loop(3 * SNAPSHOT_MAX_HANDLES, tree_step, NULL, 0);
	}
}

static long emit_registered(__u32 index, void *ctx)
{
	struct file *file = compat_io_uring_file(references.registered, index);
	struct dma_buf *dmabuf;

	if (!file)
		return 0;
	dmabuf = BPF_CORE_READ(file, private_data);
	if (!dmabuf || !is_buffer(dmabuf, false) || BPF_CORE_READ(dmabuf, file) != file)
		return 0;
	references.slot.ino = BPF_CORE_READ(file, f_inode, i_ino);
	references.slot.count = compat_file_count(file, false);
	references.slot.start = index;
	run.anchor = (__u64)dmabuf;
	emit(&references.slot, sizeof(references.slot));
	return 0;
}

/* The files registered with a ring that this task has open or mapped. */
static __always_inline void emit_io_uring(struct task_struct *task, struct file *file)
{
	static const char ring[] = "[io_uring]";
	char name[sizeof(ring)] = {};
	__u32 n, i;

	/* What is not a file system's goes by its name alone */
	bpf_probe_read_kernel_str(name, sizeof(name),
				  BPF_CORE_READ(file, f_path.dentry, d_name.name));
	for (i = 0; i < sizeof(ring); i++)
		if (name[i] != ring[i])
			return;
	n = compat_io_uring_files(file->private_data, &references.registered);
	if (!n || !references.registered)
		return;
	__builtin_memset(&references.slot, 0, sizeof(references.slot));
	references.slot.head.type = SNAP_IO_URING;
	references.slot.head.len = sizeof(references.slot);
	references.slot.head.valid = SNAP_SLOT_HAS_COUNT;
	references.slot.table = (__u64)file->private_data;
	fill_holder(&references.slot, task);
	bpf_loop(n, emit_registered, NULL, 0);
}

/* Sockets that have buffers in flight, and those that sent them: who has them open is asked. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SNAPSHOT_MAX_SOCKETS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u32);
} sockets SEC(".maps");

static __always_inline void want_socket(struct sock *sk)
{
	__u64 key = (__u64)sk;
	__u32 one = 1;

	bpf_map_update_elem(&sockets, &key, &one, 0);
}

static long emit_message_fd(__u32 index, void *ctx)
{
	struct scm_fp_list *fds = references.fds;
	struct dma_buf *dmabuf;
	struct file *file;

	if (index >= 253)
		return 1;
	bpf_probe_read_kernel(&file, sizeof(file), (void *)fds +
			      bpf_core_field_offset(struct scm_fp_list, fp) +
			      index * sizeof(file));
	dmabuf = BPF_CORE_READ(file, private_data);
	if (!dmabuf || !is_buffer(dmabuf, false) || BPF_CORE_READ(dmabuf, file) != file)
		return 0;
	references.slot.ino = BPF_CORE_READ(file, f_inode, i_ino);
	references.slot.count = compat_file_count(file, false);
	references.slot.start = (__u64)references.messages << 8 | index;
	run.anchor = (__u64)dmabuf;
	run.in_flight++;
	want_socket((void *)references.slot.table);
	want_socket((void *)references.slot.end);
	emit(&references.slot, sizeof(references.slot));
	return 0;
}

static long emit_message(__u32 index, void *ctx)
{
	struct sk_buff *message = references.message;
	struct unix_skb_parms *parms;
	struct scm_fp_list *fds;
	short n;

	if (!message || message == references.first)
		return 1;
	parms = (void *)message + bpf_core_field_offset(struct sk_buff, cb);
	fds = BPF_CORE_READ(parms, fp);
	if (fds) {
		references.fds = fds;
		references.messages = index;
		references.slot.end = (__u64)BPF_CORE_READ(message, sk);
		n = BPF_CORE_READ(fds, count);
		if (n > 0 && n <= 253)
			bpf_loop(n, emit_message_fd, NULL, 0);
	}
	references.message = BPF_CORE_READ(message, next);
	return 0;
}

/* Messages that nobody has received yet hold what was sent with them. */
SEC("iter/unix")
int in_flight(struct bpf_iter__unix *ctx)
{
	struct unix_sock *unix_sk = ctx->unix_sk;

	if (!unix_sk || !unix_sk->sk.sk_receive_queue.qlen)
		return 0;
	__builtin_memset(&references.slot, 0, sizeof(references.slot));
	references.slot.head.type = SNAP_IN_FLIGHT;
	references.slot.head.len = sizeof(references.slot);
	references.slot.head.valid = SNAP_SLOT_HAS_COUNT;
	references.slot.table = (__u64)unix_sk;
	/* The queue is a ring: its head stands where a message would be */
	references.first = (void *)unix_sk + bpf_core_field_offset(struct unix_sock, sk) +
			   bpf_core_field_offset(struct sock, sk_receive_queue);
	references.message = unix_sk->sk.sk_receive_queue.next;
	bpf_loop(SNAPSHOT_MAX_MESSAGES, emit_message, NULL, 0);
	return 0;
}

/* iter/unix sees the sockets of one network namespace: tells of others that have messages. */
static __always_inline void note_net(struct sock *sk)
{
	__u32 net, i;

	if (!bpf_core_field_exists(struct sock_common, skc_net.net) ||
	    BPF_CORE_READ(sk, __sk_common.skc_family) != AF_UNIX ||
	    !BPF_CORE_READ(sk, sk_receive_queue.qlen))
		return;
	net = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	if (net == run.net || run.n_nets >= SNAPSHOT_MAX_NETS)
		return;
	for (i = 0; i < SNAPSHOT_MAX_NETS && i < run.n_nets; i++)
		if (run.nets[i] == net)
			return;
	i = run.n_nets++;
	if (i < SNAPSHOT_MAX_NETS)
		run.nets[i] = net;
}

/* A socket that this task has open, if it has buffers in flight. */
static __always_inline void emit_socket(struct bpf_iter__task_file *ctx, struct task_struct *task,
					struct file *file)
{
	struct socket *socket = file->private_data;
	struct sock *sk = BPF_CORE_READ(socket, sk);
	__u64 key = (__u64)sk;

	if (!sk)
		return;
	note_net(sk);
	if (!run.in_flight || !bpf_map_lookup_elem(&sockets, &key))
		return;

	struct snap_slot out = {
		.head = { SNAP_SOCKET, sizeof(out), 0 },
		.ino = file->f_inode->i_ino,
		.table = key,
		.start = ctx->fd,
	};

	fill_holder(&out, task);
	bpf_seq_write(ctx->meta->seq, &out, sizeof(out));
}

#endif
