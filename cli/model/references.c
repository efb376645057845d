// SPDX-License-Identifier: GPL-2.0
/* The sum of a buffer's references; see model_buffer_count() in snapshot.h. */
#include "dmabuf_snapshot.h"
#include "model/model.h"

uint64_t model_buffer_named(const struct model_buffer *b)
{
	return (uint64_t)b->fds + b->maps + b->gem + b->objects + b->in_flight + b->io_uring;
}

bool model_buffer_count(const struct model *m, const struct model_buffer *b, uint64_t *count)
{
	*count = b->count;
	return !b->torn && b->valid & SNAP_HAS_COUNT;
}

bool model_buffer_kernel(const struct model *m, const struct model_buffer *b, uint64_t *kernel)
{
	if (!model_buffer_count(m, b, kernel) || !(m->sees & MODEL_SEES_HOLDERS))
		return false;
	*kernel -= (uint64_t)b->fds + b->maps;
	return true;
}

/* References of importers and unexplained ones. */
static bool unnamed(const struct model *m, const struct model_buffer *b, uint64_t *n)
{
	if (!model_buffer_count(m, b, n) || !(m->sees & MODEL_SEES_HOLDERS))
		return false;
	*n -= model_buffer_named(b);
	return true;
}

bool model_buffer_imports(const struct model *m, const struct model_buffer *b, uint64_t *imports)
{
	if (!unnamed(m, b, imports) || !(b->valid & SNAP_HAS_ATTACHMENTS))
		return false;
	if (*imports > b->attachments)
		*imports = b->attachments;
	return true;
}

bool model_buffer_unexplained(const struct model *m, const struct model_buffer *b,
			      uint64_t *unexplained)
{
	uint64_t imports;

	if (!unnamed(m, b, unexplained) || !model_buffer_imports(m, b, &imports))
		return false;
	*unexplained -= imports;
	return true;
}
