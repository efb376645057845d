// SPDX-License-Identifier: GPL-2.0
/* What addresses are called; see symbols.h. */
#include "symbols/symbols.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbols/elf_file.h"
#include "opaque.h"

struct symbol_file {
	uint32_t number;
	const char *path, *build_id;
	uint64_t dev, ino;		/* ino 0: it was not there */
	struct elf_file *elf;
	bool searched;
};

struct kernel_symbol {
	uint64_t address;
	const char *name, *module;
};

struct symbols {
	struct index by_number, by_inode, by_path;
	struct symbol_file *files;
	uint32_t n_files, room_files;
	struct intern strings;

	struct kernel_symbol *kernel;		/* functions of the running one, by address */
	uint32_t n_kernel, room_kernel;
	uint64_t modules;		/* which were loaded then: a hash */
	bool read;
	const char *lacks;
	struct index told;		/* a recording's addresses: places in texts */
	const char **texts;
	uint32_t n_texts, room_texts;
	char text[600];
};

struct symbols *symbols_new(void)
{
	return calloc(1, sizeof(struct symbols));
}

static struct symbol_file *find_file(const struct symbols *s, uint32_t number)
{
	uint32_t i = index_get(&s->by_number, number);

	return i == INDEX_NONE ? NULL : &s->files[i];
}

static uint64_t inode_key(uint64_t dev, uint64_t ino)
{
	return (dev * 0x9e3779b97f4a7c15ull) ^ ino;
}

int symbols_add_file(struct symbols *s, uint32_t number, int fd, const char *path,
		     const char *build_id)
{
	struct symbol_file *f = NULL;
	struct stat st;

	if (!number || find_file(s, number)) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	f = array_add(&s->files, &s->n_files, &s->room_files, sizeof(*f));
	if (!f || index_put(&s->by_number, number, s->n_files - 1)) {
		if (fd >= 0)
			close(fd);
		return -ENOMEM;
	}
	f->number = number;
	if (fd >= 0) {
		if (!fstat(fd, &st)) {
			f->dev = st.st_dev;
			f->ino = st.st_ino;
		}
		f->elf = elf_file_open(fd);
		f->searched = true;
		if (f->elf)
			build_id = elf_file_build_id(f->elf);
	}
	f->path = intern(&s->strings, path, 4096);
	if (build_id && *build_id)
		f->build_id = intern(&s->strings, build_id, 128);
	if (f->ino && index_put(&s->by_inode, inode_key(f->dev, f->ino), s->n_files - 1))
		return -ENOMEM;
	if (f->path && index_put(&s->by_path, hash_string(f->path), s->n_files - 1))
		return -ENOMEM;
	return 0;
}

bool symbols_file(const struct symbols *s, uint32_t number, const char **path,
		  const char **build_id)
{
	const struct symbol_file *f = find_file(s, number);

	if (!f)
		return false;
	*path = f->path;
	*build_id = f->build_id;
	return true;
}

uint32_t symbols_find_file(const struct symbols *s, int fd, const char *path)
{
	const struct symbol_file *f;
	struct stat st;
	bool known = fd >= 0 && !fstat(fd, &st);
	uint32_t i;

	if (known) {
		i = index_get(&s->by_inode, inode_key(st.st_dev, st.st_ino));
		f = i == INDEX_NONE ? NULL : &s->files[i];
		if (f && f->dev == st.st_dev && f->ino == st.st_ino)
			return f->number;
	}
	i = index_get(&s->by_path, hash_string(path));
	f = i == INDEX_NONE ? NULL : &s->files[i];
	if (!f || strcmp(f->path, path))
		return 0;
	/* Of that path may be another file */
	return known && f->ino ? 0 : f->number;
}

static struct elf_file *get_elf(struct symbol_file *f)
{
	if (!f->searched)
		f->elf = elf_file_find(f->path, f->build_id);
	f->searched = true;
	return f->elf;
}

bool symbols_rule(struct symbols *s, uint64_t frame, struct elf_rule *rule)
{
	struct symbol_file *f = find_file(s, EVENT_FRAME_FILE(frame));
	struct elf_file *elf = f ? get_elf(f) : NULL;

	return elf && elf_file_rule(elf, EVENT_FRAME_OFFSET(frame), rule);
}

static uint32_t name_user(struct symbols *s, uint64_t frame, struct stack_frame *frames,
			  uint32_t max)
{
	struct symbol_file *f = find_file(s, EVENT_FRAME_FILE(frame));
	struct elf_file *elf = f ? get_elf(f) : NULL;
	uint32_t n = elf ? elf_file_names(elf, EVENT_FRAME_OFFSET(frame), frames, max) : 0, i;

	if (!n)
		memset(&frames[n++], 0, sizeof(*frames));
	for (i = 0; i < n; i++) {
		frames[i].module = f ? f->path : NULL;
		frames[i].build_id = f ? f->build_id : NULL;
	}
	if (!frames[n - 1].function)
		frames[n - 1].offset = EVENT_FRAME_OFFSET(frame);
	return n;
}

/* BPF's programs, and ftrace's trampolines, of "__builtin__ftrace" */
static bool is_generated(const struct kernel_symbol *symbol)
{
	return symbol->module && (!strcmp(symbol->module, "bpf") ||
				  !strncmp(symbol->module, "__builtin__", 11));
}

static int by_address(const void *a, const void *b)
{
	const struct kernel_symbol *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	/* What drop_freed() drops comes after what is there now */
	if (is_generated(x) != is_generated(y))
		return is_generated(x) ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* A function's line, "address type name\t[module]"; others are stepped over. */
static int take_line(struct symbols *s, char *line)
{
	char *type, *name, *module = NULL, *end;
	struct kernel_symbol *symbol;
	uint64_t address = strtoull(line, &type, 16);

	if (type == line || *type != ' ' || !strchr("tTwW", type[1]) || type[2] != ' ')
		return 0;
	name = type + 3;
	end = name + strcspn(name, "\t\n");
	if (*end == '\t' && end[1] == '[') {
		module = end + 2;
		module[strcspn(module, "]\n")] = '\0';
	}
	*end = '\0';
	if (!address || !*name)
		return 0;
	symbol = array_add(&s->kernel, &s->n_kernel, &s->room_kernel, sizeof(*symbol));
	if (!symbol)
		return -ENOMEM;
	symbol->address = address;
	symbol->name = intern(&s->strings, name, 512);
	symbol->module = intern(&s->strings, module, 64);
	return symbol->name ? 0 : -ENOMEM;
}

/* The modules that are loaded, as a number; 0 unknown. */
static uint64_t hash_modules(void)
{
	FILE *in = fopen("/proc/modules", "re");
	char line[512];
	uint64_t hash = 0;

	while (in && fgets(line, sizeof(line), in)) {
		line[strcspn(line, " \n")] = '\0';
		hash = hash * 31 + hash_string(line);
	}
	if (in)
		fclose(in);
	return hash;
}

/*
 * Puts the functions in order, without those whose page has been given to generated code since:
 * ftrace remembers a module's __init functions when they are freed.
 */
static void drop_freed(struct symbols *s)
{
	uint64_t page_mask = ~((uint64_t)sysconf(_SC_PAGESIZE) - 1), page = 0;
	uint32_t i, kept = 0;

	if (s->n_kernel)
		qsort(s->kernel, s->n_kernel, sizeof(*s->kernel), by_address);
	for (i = 0; i < s->n_kernel; i++) {
		const struct kernel_symbol *symbol = &s->kernel[i];
		bool generated = is_generated(symbol);

		if (generated)
			page = symbol->address & page_mask;
		if (generated || !symbol->module || (symbol->address & page_mask) != page)
			s->kernel[kept++] = *symbol;
	}
	s->n_kernel = kept;
}

static void read_kernel(struct symbols *s)
{
	FILE *in;
	char line[1024];

	s->read = true;
	s->modules = hash_modules();
	s->n_kernel = 0;
	in = fopen("/proc/kallsyms", "re");
	if (!in) {
		s->lacks = "kernel functions have no names: /proc/kallsyms is not readable; requires CAP_SYSLOG";
		return;
	}
	while (fgets(line, sizeof(line), in) && !take_line(s, line))
		;
	fclose(in);
	drop_freed(s);
	s->lacks = s->n_kernel ? NULL :
		"kernel functions have no names: kernel.kptr_restrict or missing CAP_SYSLOG hides their addresses";
}

static const struct kernel_symbol *find_symbol(const struct symbols *s, uint64_t address)
{
	uint32_t low = 0, high = s->n_kernel;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (s->kernel[mid].address <= address)
			low = mid + 1;
		else
			high = mid;
	}
	/* So far below that it cannot be a function's: it is of something that has no name */
	return low && address - s->kernel[low - 1].address < 1u << 20 ? &s->kernel[low - 1] : NULL;
}

int symbols_add_kernel(struct symbols *s, uint64_t address, const char *text)
{
	const char **place;

	if (index_get(&s->told, address) != INDEX_NONE)
		return 0;
	place = array_add(&s->texts, &s->n_texts, &s->room_texts, sizeof(*place));
	if (!place || index_put(&s->told, address, s->n_texts - 1))
		return -ENOMEM;
	*place = intern(&s->strings, text, 512);
	return *place ? 0 : -ENOMEM;
}

static const struct kernel_symbol *running_kernel(struct symbols *s, uint64_t address)
{
	if (!s->read || hash_modules() != s->modules)
		read_kernel(s);
	/* The call stands before where it returns to */
	return address ? find_symbol(s, address - 1) : NULL;
}

const char *symbols_kernel_text(struct symbols *s, uint64_t address)
{
	const struct kernel_symbol *symbol = running_kernel(s, address);

	if (!symbol)
		return NULL;
	snprintf(s->text, sizeof(s->text), symbol->module ? "%s+0x%" PRIx64 " [%s]" :
		 "%s+0x%" PRIx64, symbol->name, address - symbol->address,
		 symbol->module ? symbol->module : "");
	return s->text;
}

/* "function+0x12 [module]", which a file may say in any way. */
static void parse_text(struct symbols *s, const char *text, struct stack_frame *frame)
{
	const char *module = strstr(text, " ["), *plus = strstr(text, "+0x");
	size_t len = plus ? (size_t)(plus - text) : strcspn(text, " ");

	frame->function = len ? intern(&s->strings, text, len) : NULL;
	frame->offset = plus ? strtoull(plus + 3, NULL, 16) : 0;
	if (module)
		frame->module = intern(&s->strings, module + 2, strcspn(module + 2, "]"));
}

static uint32_t name_kernel(struct symbols *s, uint64_t address, struct stack_frame *frame)
{
	const struct kernel_symbol *symbol;
	uint32_t i = index_get(&s->told, address);

	/* A recording has keys already */
	*frame = (struct stack_frame){
		.kernel = true, .offset = s->n_texts ? address : opaque_key(address),
	};
	if (i != INDEX_NONE) {
		parse_text(s, s->texts[i], frame);
		return 1;
	}
	/* What a recording does not know, this kernel does neither */
	symbol = s->n_texts ? NULL : running_kernel(s, address);
	if (symbol) {
		frame->function = symbol->name;
		frame->module = symbol->module;
		frame->offset = address - symbol->address;
	}
	return 1;
}

uint32_t symbols_name(void *ctx, uint64_t frame, bool user, struct stack_frame *frames,
		      uint32_t max)
{
	struct symbols *s = ctx;

	if (!max)
		return 0;
	return user ? name_user(s, frame, frames, max) : name_kernel(s, frame, frames);
}

const char *symbols_lacks(const struct symbols *s)
{
	return s->lacks;
}

void symbols_free(struct symbols *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; i < s->n_files; i++)
		elf_file_close(s->files[i].elf);
	free(s->files);
	free(s->kernel);
	free(s->texts);
	index_free(&s->by_number);
	index_free(&s->by_inode);
	index_free(&s->by_path);
	index_free(&s->told);
	intern_free(&s->strings);
	free(s);
}
