/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the frames of stacks are called: of the running kernel by /proc/kallsyms, of programs by
 * their files, which must be told of while they are there; or, of a recording,
 * by what it says.
 */
#ifndef SYMBOLS_H
#define SYMBOLS_H

#include "model/stack.h"

struct symbols;
struct elf_rule;

/* NULL if memory is out. */
struct symbols *symbols_new(void);
/*
 * A file of user frames (EVENT_FRAME_FILE()). fd: of it, which is closed, or -1: it is
 * looked for by its path, and by its build-id where that is known, when it is needed. Of a number
 * that is there nothing changes. Returns 0 or -ENOMEM.
 */
int symbols_add_file(struct symbols *symbols, uint32_t number, int fd, const char *path,
		     const char *build_id);
/* False: there is none of that number. NULL: not known. */
bool symbols_file(const struct symbols *symbols, uint32_t number, const char **path,
		  const char **build_id);
/*
 * The number of a file, 0 none. fd: of it, left open, or -1: then, or where that was not known of
 * the file, it is its path that tells. Paths depend on who asked, and on when.
 */
uint32_t symbols_find_file(const struct symbols *symbols, int fd, const char *path);
/* What an address in the kernel is called, "function+0x12 [module]": a recording's, not ours. */
int symbols_add_kernel(struct symbols *symbols, uint64_t address, const char *text);
/*
 * The same text for an address of the running kernel, good until the next call; NULL: unknown,
 * see symbols_lacks().
 */
const char *symbols_kernel_text(struct symbols *symbols, uint64_t address);
/* Names of a frame: a stack_namer, ctx being the symbols. */
uint32_t symbols_name(void *symbols, uint64_t frame, bool user, struct stack_frame *frames,
		      uint32_t max);
/* How to get from a user frame to its caller; false if that cannot be said. */
bool symbols_rule(struct symbols *symbols, uint64_t frame, struct elf_rule *rule);
/* Why functions of the kernel have no names and what helps, one line; NULL: they have. */
const char *symbols_lacks(const struct symbols *symbols);
void symbols_free(struct symbols *symbols);

#endif
