/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Programs and libraries as files: what their code is called and how it is unwound. By elfutils;
 * without libdw only names of functions. Anything may stand in such a file.
 */
#ifndef ELF_FILE_H
#define ELF_FILE_H

#include <stdbool.h>
#include <stdint.h>

struct elf_file;
struct stack_frame;

enum elf_rule_kind {
	ELF_RULE_END = 1,		/* nobody called */
	ELF_RULE_SP,
	ELF_RULE_FP,
	ELF_RULE_LINK,			/* as SP; the return address is in a register */
};

/* How to get from a place in a function to who called it, by its stack or frame pointer. */
struct elf_rule {
	enum elf_rule_kind kind;
	bool fp_saved;
	int32_t cfa;			/* the caller's stack, from the register */
	int32_t ra, fp;			/* where they are, from there */
};

/*
 * Reads it, so that it may then be changed, cut or deleted, and closes fd, even if this fails. NULL
 * if it is no ELF file.
 */
struct elf_file *elf_file_open(int fd);
/*
 * The same from what a recording says: the file of that path if it has that build-id, else its
 * debug file below /usr/lib/debug. NULL: neither is there, or no build-id is known.
 */
struct elf_file *elf_file_find(const char *path, const char *build_id);
/* Hex digits, NULL none. */
const char *elf_file_build_id(const struct elf_file *file);
/*
 * The call that returns to this offset in the file: functions inlined there first, then the one
 * that it is in; strings are the file's. Returns how many, 0 if nothing is known.
 */
uint32_t elf_file_names(struct elf_file *file, uint64_t offset, struct stack_frame *frames,
			uint32_t max);
/* How to get from there to the caller. False if the file does not tell, or no rule can say it. */
bool elf_file_rule(struct elf_file *file, uint64_t offset, struct elf_rule *rule);
void elf_file_close(struct elf_file *file);

#endif
