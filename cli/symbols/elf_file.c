// SPDX-License-Identifier: GPL-2.0
/* Names and unwinding rules from ELF files; see elf_file.h. */
#include "symbols/elf_file.h"

#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef HAVE_DW
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#endif

#include "model/stack.h"
#include "regular.h"

#define MAX_IMAGE (512l << 20)

struct elf_symbol {
	uint64_t start, end;
	const char *name;
};

struct elf_file {
	char *image;			/* what stands in it */
	size_t size;
	Elf *elf;
	char build_id[2 * 32 + 1];
	struct elf_symbol *symbols;		/* functions, by start; where libdw has none */
	uint32_t n_symbols, room_symbols;
	bool sorted;
	bool installed;			/* not what a user made */
#ifdef HAVE_DW
	Dwfl *dwfl;
	Dwfl_Module *module;
	Dwarf_CFI *cfi, *cfi2;		/* .eh_frame's, .debug_frame's */
	GElf_Addr bias, cfi2_bias;	/* of the module's addresses; of cfi2's from those */
#endif
};

static void read_build_id(struct elf_file *f)
{
	size_t n, i;

	if (elf_getphdrnum(f->elf, &n))
		return;
	for (i = 0; i < n && i < 256; i++) {
		GElf_Phdr phdr;
		Elf_Data *data;
		size_t at = 0, name, desc;
		GElf_Nhdr note;

		if (!gelf_getphdr(f->elf, i, &phdr) || phdr.p_type != PT_NOTE)
			continue;
		data = elf_getdata_rawchunk(f->elf, phdr.p_offset, phdr.p_filesz,
					    phdr.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
		while (data && (at = gelf_getnote(data, at, &note, &name, &desc))) {
			const uint8_t *id = (const uint8_t *)data->d_buf + desc;

			if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != 4 ||
			    memcmp((char *)data->d_buf + name, "GNU", 4) || note.n_descsz > 32)
				continue;
			for (uint32_t j = 0; j < note.n_descsz; j++)
				sprintf(f->build_id + 2 * j, "%02x", id[j]);
			return;
		}
	}
}

/* The file as it is now: who may change it, or cut it, is not to be trusted. */
static void *read_image(int fd, size_t *size)
{
	struct stat st;
	size_t len = 0;
	ssize_t n = 1;
	char *image;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size < 64 || st.st_size > MAX_IMAGE)
		return NULL;
	image = malloc(st.st_size);
	while (image && len < (size_t)st.st_size && n > 0) {
		n = pread(fd, image + len, st.st_size - len, len);
		if (n > 0)
			len += n;
	}
	*size = len;
	return image;
}

struct elf_file *elf_file_open(int fd)
{
	struct elf_file *f = calloc(1, sizeof(*f));

	elf_version(EV_CURRENT);
	if (f)
		f->image = read_image(fd, &f->size);
	close(fd);
	if (f && f->image)
		f->elf = elf_memory(f->image, f->size);
	if (!f || !f->elf || elf_kind(f->elf) != ELF_K_ELF) {
		elf_file_close(f);
		return NULL;
	}
	read_build_id(f);
	return f;
}

static struct elf_file *open_matching(const char *path, bool follow, const char *build_id)
{
	int fd = regular_open(path, follow, NULL);
	struct elf_file *f = fd < 0 ? NULL : elf_file_open(fd);

	if (f && strcmp(f->build_id, build_id)) {
		elf_file_close(f);
		return NULL;
	}
	return f;
}

struct elf_file *elf_file_find(const char *path, const char *build_id)
{
	struct elf_file *f;
	char debug[128];

	if (!build_id || strlen(build_id) < 4 ||
	    strspn(build_id, "0123456789abcdef") != strlen(build_id))
		return NULL;
	f = path ? open_matching(path, false, build_id) : NULL;
	if (f)
		return f;
	snprintf(debug, sizeof(debug), "/usr/lib/debug/.build-id/%.2s/%.80s.debug", build_id,
		 build_id + 2);
	f = open_matching(debug, true, build_id);
	if (f)
		f->installed = true;
	return f;
}

const char *elf_file_build_id(const struct elf_file *f)
{
	return *f->build_id ? f->build_id : NULL;
}

/* The address that the file gives to this place in it. */
static bool find_address(struct elf_file *f, uint64_t offset, uint64_t *address)
{
	size_t n, i;

	if (elf_getphdrnum(f->elf, &n))
		return false;
	for (i = 0; i < n && i < 4096; i++) {
		GElf_Phdr phdr;

		if (gelf_getphdr(f->elf, i, &phdr) && phdr.p_type == PT_LOAD &&
		    offset >= phdr.p_offset && offset - phdr.p_offset < phdr.p_memsz &&
		    phdr.p_flags & PF_X) {
			*address = offset - phdr.p_offset + phdr.p_vaddr;
			return true;
		}
	}
	return false;
}

static int by_start(const void *a, const void *b)
{
	const struct elf_symbol *x = a, *y = b;

	return x->start != y->start ? (x->start < y->start ? -1 : 1) :
		x->end != y->end ? (x->end < y->end ? -1 : 1) : strcmp(x->name, y->name);
}

static void read_symbols(struct elf_file *f)
{
	Elf_Scn *section = NULL;

	f->sorted = true;
	while ((section = elf_nextscn(f->elf, section))) {
		GElf_Shdr head;
		Elf_Data *data;

		if (!gelf_getshdr(section, &head) || !head.sh_entsize ||
		    (head.sh_type != SHT_SYMTAB && head.sh_type != SHT_DYNSYM))
			continue;
		data = elf_getdata(section, NULL);
		for (size_t i = 0; data && i < head.sh_size / head.sh_entsize; i++) {
			struct elf_symbol symbol;
			GElf_Sym sym;

			if (!gelf_getsym(data, i, &sym) || GELF_ST_TYPE(sym.st_info) != STT_FUNC ||
			    !sym.st_value)
				continue;
			symbol = (struct elf_symbol){
				sym.st_value, sym.st_value + sym.st_size,
				elf_strptr(f->elf, head.sh_link, sym.st_name),
			};
			if (symbol.name && *symbol.name &&
			    array_append(&f->symbols, &f->n_symbols, &f->room_symbols, &symbol,
					 sizeof(symbol)))
				return;
		}
	}
	if (f->n_symbols)
		qsort(f->symbols, f->n_symbols, sizeof(*f->symbols), by_start);
}

/* The function at an address, which a stripped file has of those that others may call only. */
static const struct elf_symbol *find_symbol(struct elf_file *f, uint64_t address)
{
	uint32_t low = 0, high, tries;

	if (!f->sorted)
		read_symbols(f);
	high = f->n_symbols;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (f->symbols[mid].start <= address)
			low = mid + 1;
		else
			high = mid;
	}
	for (tries = 0; low && tries < 16; tries++, low--)
		if (address < f->symbols[low - 1].end)
			return &f->symbols[low - 1];
	return NULL;
}

#ifdef HAVE_DW

static char *debug_path;

/* By the build-id, never by the path that a file gives (.gnu_debuglink): libdw opens any. */
static int find_debuginfo(Dwfl_Module *module, void **ctx, const char *name, Dwarf_Addr base,
			  const char *file, const char *link, GElf_Word crc, char **found)
{
	return dwfl_standard_find_debuginfo(module, ctx, name, base, NULL, NULL, 0, found);
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = find_debuginfo,
	.section_address = dwfl_offline_section_address,
	.debuginfo_path = &debug_path,
};

/* Whether its debug data may refer to a path: libdw would open it, whatever is there. */
static bool names_a_path(struct elf_file *f)
{
	Elf_Scn *section = NULL;
	const char *name;
	GElf_Shdr head;
	size_t names;

	while (!elf_getshdrstrndx(f->elf, &names) && (section = elf_nextscn(f->elf, section))) {
		name = gelf_getshdr(section, &head) ? elf_strptr(f->elf, names, head.sh_name) :
			NULL;
		if (name && strstr(name, "debugaltlink"))
			return true;
	}
	return false;
}

/* Once; what is not there then is not there. */
static Dwfl_Module *get_module(struct elf_file *f)
{
	if (f->dwfl || (!f->installed && names_a_path(f)))
		return f->module;
	f->dwfl = dwfl_begin(&callbacks);
	if (!f->dwfl)
		return NULL;
	dwfl_report_begin(f->dwfl);
	f->module = dwfl_report_offline_memory(f->dwfl, "", "", f->image, f->size);
	dwfl_report_end(f->dwfl, NULL, NULL);
	if (f->module && !dwfl_module_getelf(f->module, &f->bias))
		f->module = NULL;
	return f->module;
}

static const char *short_name(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	const char *name = dwarf_formstring(dwarf_attr_integrate(die, DW_AT_name, &attribute));

	return name ? name : dwarf_diename(die);
}

static uint32_t name_of_line(Dwarf_Files *files, Dwarf_Die *die, const char **file)
{
	Dwarf_Attribute attribute;
	Dwarf_Word line = 0, number = 0;

	if (!dwarf_formudata(dwarf_attr(die, DW_AT_call_file, &attribute), &number) && files)
		*file = dwarf_filesrc(files, number, NULL, NULL);
	dwarf_formudata(dwarf_attr(die, DW_AT_call_line, &attribute), &line);
	return line;
}

/*
 * call: address of the call itself. Where functions were inlined, the line is the innermost one's;
 * the others' is where they call.
 */
static uint32_t debug_names(struct elf_file *f, uint64_t call, struct stack_frame *frames,
			    uint32_t max)
{
	Dwfl_Module *module = get_module(f);
	Dwarf_Addr bias = 0;
	Dwarf_Die *scopes = NULL, *unit;
	Dwarf_Files *files = NULL;
	const char *file = NULL;
	GElf_Sym sym;
	GElf_Off offset = 0;
	const char *name;
	uint32_t n = 0;
	int line = 0, n_scopes, i;
	Dwfl_Line *at;

	if (!module)
		return 0;
	call += f->bias;
	at = dwfl_module_getsrc(module, call);
	if (at)
		file = dwfl_lineinfo(at, NULL, &line, NULL, NULL, NULL);
	unit = dwfl_module_addrdie(module, call, &bias);
	n_scopes = unit ? dwarf_getscopes(unit, call - bias, &scopes) : 0;
	if (n_scopes > 0)
		dwarf_getsrcfiles(unit, &files, NULL);
	/* Code that no function of a unit has is not the unit's, whatever is next to it there */
	for (i = 0; i < n_scopes && dwarf_tag(&scopes[i]) != DW_TAG_subprogram; i++)
		;
	if (i >= n_scopes) {
		file = NULL;
		line = 0;
	}
	for (i = 0; i < n_scopes && n + 1 < max; i++) {
		if (dwarf_tag(&scopes[i]) != DW_TAG_inlined_subroutine)
			continue;
		frames[n++] = (struct stack_frame){
			.function = short_name(&scopes[i]), .file = file, .line = line,
			.inlined = true,
		};
		file = NULL;
		line = name_of_line(files, &scopes[i], &file);
	}
	free(scopes);
	name = dwfl_module_addrinfo(module, call, &offset, &sym, NULL, NULL, NULL);
	if (!name && !n && !file)
		return 0;
	frames[n++] = (struct stack_frame){
		.function = name, .offset = name ? offset + 1 : 0, .file = file,
		.line = line,
	};
	return n;
}

/* Where a register was saved: at so much from the caller's stack, or it is unchanged. */
static bool saved_at(Dwarf_Frame *frame, int number, bool *saved, int32_t *at, bool *undefined)
{
	Dwarf_Op memory[3], *ops;
	size_t n;

	*saved = *undefined = false;
	if (dwarf_frame_register(frame, number, memory, &ops, &n))
		return false;
	if (!n) {
		*undefined = ops == memory;
		return true;		/* ops NULL: the same */
	}
	if (ops[0].atom != DW_OP_call_frame_cfa || n > 2 ||
	    (n == 2 && ops[1].atom != DW_OP_plus_uconst))
		return false;
	*at = n == 2 ? (int64_t)ops[1].number : 0;
	*saved = true;
	return true;
}

static bool read_rule(struct elf_file *f, Dwarf_Frame *frame, struct elf_rule *rule)
{
	int sp, fp, ra;
	bool saved, undefined, signal;
	GElf_Ehdr head;
	Dwarf_Addr start, end;
	Dwarf_Op *ops;
	size_t n;
	uint32_t reg;

	if (!gelf_getehdr(f->elf, &head))
		return false;
	/* The processor supplements' numbers */
	switch (head.e_machine) {
	case EM_X86_64:
		sp = 7, fp = 6;
		break;
	case EM_AARCH64:
		sp = 31, fp = 29;
		break;
	default:
		return false;
	}
	ra = dwarf_frame_info(frame, &start, &end, &signal);
	if (ra < 0 || signal || !saved_at(frame, ra, &saved, &rule->ra, &undefined))
		return false;
	if (undefined) {
		rule->kind = ELF_RULE_END;
		return true;
	}
	if (dwarf_frame_cfa(frame, &ops, &n) || n != 1)
		return false;
	if (ops->atom >= DW_OP_breg0 && ops->atom <= DW_OP_breg31) {
		reg = ops->atom - DW_OP_breg0;
		rule->cfa = (int64_t)ops->number;
	} else if (ops->atom == DW_OP_bregx) {
		reg = ops->number;
		rule->cfa = (int64_t)ops->number2;
	} else {
		return false;
	}
	if (reg != (uint32_t)sp && reg != (uint32_t)fp)
		return false;
	rule->kind = reg == (uint32_t)fp ? ELF_RULE_FP : saved ? ELF_RULE_SP : ELF_RULE_LINK;
	if (!saved && rule->kind == ELF_RULE_FP)
		return false;
	if (!saved_at(frame, fp, &saved, &rule->fp, &undefined))
		return false;
	rule->fp_saved = saved;
	return true;
}

bool elf_file_rule(struct elf_file *f, uint64_t offset, struct elf_rule *rule)
{
	Dwarf_Frame *frame = NULL;
	uint64_t address;
	bool good = false;

	memset(rule, 0, sizeof(*rule));
	if (!find_address(f, offset - 1, &address))
		return false;
	if (!f->cfi)
		f->cfi = dwarf_getcfi_elf(f->elf);
	if (f->cfi && !dwarf_cfi_addrframe(f->cfi, address, &frame))
		good = read_rule(f, frame, rule);
	free(frame);
	frame = NULL;
	if (good || !get_module(f))
		return good;
	if (!f->cfi2)
		f->cfi2 = dwfl_module_dwarf_cfi(f->module, &f->cfi2_bias);
	if (f->cfi2 && !dwarf_cfi_addrframe(f->cfi2, address + f->bias - f->cfi2_bias, &frame))
		good = read_rule(f, frame, rule);
	free(frame);
	return good;
}

#else

static uint32_t debug_names(struct elf_file *f, uint64_t call, struct stack_frame *frames,
			    uint32_t max)
{
	return 0;
}

bool elf_file_rule(struct elf_file *f, uint64_t offset, struct elf_rule *rule)
{
	memset(rule, 0, sizeof(*rule));
	return false;
}

#endif

uint32_t elf_file_names(struct elf_file *f, uint64_t offset, struct stack_frame *frames,
			uint32_t max)
{
	const struct elf_symbol *symbol;
	uint64_t call;
	uint32_t n;

	/* It returns behind the call, which may be its function's last instruction */
	if (!max || !offset || !find_address(f, offset - 1, &call))
		return 0;
	n = debug_names(f, call, frames, max);
	if (n && frames[n - 1].function)
		return n;
	symbol = find_symbol(f, call);
	if (!symbol)
		return n;
	if (!n)
		memset(&frames[n++], 0, sizeof(*frames));
	frames[n - 1].function = symbol->name;
	frames[n - 1].offset = call + 1 - symbol->start;
	return n;
}

void elf_file_close(struct elf_file *f)
{
	if (!f)
		return;
#ifdef HAVE_DW
	if (f->cfi)
		dwarf_cfi_end(f->cfi);
	if (f->dwfl)
		dwfl_end(f->dwfl);
#endif
	free(f->symbols);
	if (f->elf)
		elf_end(f->elf);
	free(f->image);
	free(f);
}
