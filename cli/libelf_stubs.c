// SPDX-License-Identifier: GPL-2.0
/*
 * What a static build lacks; nothing else is in it. elfutils' libelf.a from 0.192 on, Debian 13's,
 * calls functions of its internal libeu.a, which distributions do not ship. It needs them for
 * elf_getdata_rawchunk() alone (lib/eu-search.h there), which nothing here calls: no tree has
 * anything in it. A whole libelf.a has its own, which then come first.
 */
#ifdef STATIC_BUILD
#include <stddef.h>

__attribute__((weak)) void eu_search_tree_init(void *tree)
{
}

__attribute__((weak)) void eu_search_tree_fini(void *tree, void (*free_node)(void *))
{
}

__attribute__((weak)) void *eu_tsearch(const void *key, void *tree,
				       int (*compare)(const void *, const void *))
{
	return NULL;	/* no memory; of the other: not there */
}

__attribute__((weak, alias("eu_tsearch")))
void *eu_tdelete(const void *key, void *tree, int (*compare)(const void *, const void *));
#endif
