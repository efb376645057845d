// SPDX-License-Identifier: GPL-2.0
/* Suppressions, in LeakSanitizer's form, and baselines of known findings; see findings.h. */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "output/text.h"
#include "trace/findings.h"

/* Largest file, in bytes */
#define MAX_FILE (16u << 20)
#define TEXT_ROOM 512

/* Find the next piece of a pattern, up to a *. here: it must be at the start of text. */
static const char *find_piece(const char *text, const char *piece, size_t len, bool here, bool last)
{
	size_t left = strlen(text);

	if (left < len)
		return NULL;
	if (last) {
		const char *at = text + left - len;

		return (!here || at == text) && !memcmp(at, piece, len) ? at : NULL;
	}
	if (here)
		return memcmp(text, piece, len) ? NULL : text;
	return memmem(text, left, piece, len);
}

bool suppression_matches(const char *pattern, const char *text)
{
	bool here = *pattern == '^';

	if (!text || !*text)
		return false;
	for (pattern += here; *pattern;) {
		size_t len = strcspn(pattern, "*");
		/* A $ elsewhere is an ordinary character */
		bool last = len && pattern[len - 1] == '$' && !pattern[len];

		len -= last;
		text = find_piece(text, pattern, len, here, last);
		if (!text)
			return false;
		text += len;
		here = true;
		pattern += len + last;
		while (*pattern == '*') {
			here = false;
			pattern++;
		}
	}
	return true;
}

/* Read the file, terminated by NUL; *text is NULL after an error. */
static int read_text(const char *path, char **text, size_t *len, char *error, size_t room)
{
	FILE *in = fopen(path, "re");
	size_t size = 0;
	int err = 0;

	*text = NULL;
	*len = 0;
	if (!in) {
		err = -errno;
		snprintf(error, room, "cannot read %s: %s", path, strerror(errno));
		return err;
	}
	do {
		char *larger = realloc(*text, size = size ? 2 * size : 1 << 12);

		if (!larger) {
			err = -ENOMEM;
			break;
		}
		*text = larger;
		errno = 0;
		*len += fread(*text + *len, 1, size - 1 - *len, in);
		(*text)[*len] = '\0';
	} while (*len == size - 1 && size < MAX_FILE);
	if (!err && ferror(in))
		err = errno ? -errno : -EIO;
	else if (!err && *len == size - 1)
		err = -EFBIG;
	if (err)
		snprintf(error, room, "cannot read %s: %s", path, strerror(-err));
	fclose(in);
	if (err) {
		free(*text);
		*text = NULL;
	}
	return err;
}

static int add_rule(struct suppressions *s, const char *pattern)
{
	struct suppression *r = array_add(&s->rules, &s->n, &s->room, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->pattern = strdup(pattern);
	if (!r->pattern)
		s->n--;
	return r->pattern ? 0 : -ENOMEM;
}

int suppressions_read(struct suppressions *s, const char *path, char *error, size_t room)
{
	char *text, *line, *next;
	unsigned int number = 1;
	size_t len;
	int err = read_text(path, &text, &len, error, room);

	if (!text)
		return err;
	if (memchr(text, '\0', len)) {
		snprintf(error, room, "%s: not a suppressions file: it contains a NUL byte", path);
		free(text);
		return -EBADMSG;
	}
	for (line = text; line && *line && !err; line = next, number++) {
		size_t end = strcspn(line, "\n");

		next = line[end] ? line + end + 1 : NULL;
		while (end && strchr(" \t\r", line[end - 1]))
			end--;
		line[end] = '\0';
		line += strspn(line, " \t");
		if (!*line || *line == '#')
			continue;
		if (strncmp(line, "leak:", 5) || !line[5]) {
			snprintf(error, room, "%s:%u: invalid line (expected leak:PATTERN)", path, number);
			err = -EBADMSG;
		} else {
			err = add_rule(s, line + 5);
		}
	}
	free(text);
	if (err == -ENOMEM)
		snprintf(error, room, "%s: out of memory", path);
	return err;
}

/* Baselines */

/*
 * The functions that identify a finding: the program's, because their names do not depend on the
 * kernel, or else the kernel's.
 */
static void name_functions(const struct findings *s, uint32_t i,
			   const char *functions[BASELINE_FUNCTIONS])
{
	const struct leak_finding *f = &s->leaks->findings[i];
	const struct finding_frames *frames = &s->stacks[i].exported;
	uint32_t n = 0, k;

	if (f->kind <= LEAK_CPU_ACCESS && s->stacks[i].begun.n)
		frames = &s->stacks[i].begun;
	for (int pass = 0; pass < 2 && !n; pass++)
		for (k = 0; k < frames->n && n < BASELINE_FUNCTIONS; k++)
			if (frames->rows[k].function && frames->rows[k].kernel == (pass == 1))
				functions[n++] = frames->rows[k].function;
	while (n < BASELINE_FUNCTIONS)
		functions[n++] = "";
}

static const char *as_kept(char *buf, const char *text)
{
	text_utf8(buf, TEXT_ROOM, text ? text : "");
	return buf;
}

bool baseline_knows(const struct baseline *baseline, const struct findings *s, uint32_t i)
{
	const struct leak_finding *f = &s->leaks->findings[i];
	const char *functions[BASELINE_FUNCTIONS];
	char exporter[TEXT_ROOM], comm[TEXT_ROOM], function[TEXT_ROOM];
	uint32_t k, j;

	if (!baseline->n)
		return false;
	as_kept(exporter, f->exporter);
	as_kept(comm, s->leaks->processes[f->process].comm);
	name_functions(s, i, functions);
	for (k = 0; k < baseline->n; k++) {
		const struct known_finding *known = &baseline->known[k];

		if (known->kind != f->kind || strcmp(known->exporter, exporter) ||
		    strcmp(known->comm, comm))
			continue;
		for (j = 0; j < BASELINE_FUNCTIONS; j++)
			if (strcmp(known->functions[j], as_kept(function, functions[j])))
				break;
		if (j == BASELINE_FUNCTIONS)
			return true;
	}
	return false;
}

/* Copy a string member; NULL: another type, or no memory. */
static char *take_string(struct json_object *object, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	return strdup(json_object_get_string(value));
}

static bool take_functions(struct json_object *object, struct known_finding *known)
{
	struct json_object *list, *item;
	size_t n, i;

	if (!json_object_object_get_ex(object, "functions", &list) ||
	    !json_object_is_type(list, json_type_array))
		return false;
	n = json_object_array_length(list);
	if (n > BASELINE_FUNCTIONS)
		return false;
	for (i = 0; i < BASELINE_FUNCTIONS; i++) {
		item = i < n ? json_object_array_get_idx(list, i) : NULL;
		if (item && !json_object_is_type(item, json_type_string))
			return false;
		if (i < n && !item)
			return false;
		known->functions[i] = strdup(item ? json_object_get_string(item) : "");
		if (!known->functions[i])
			return false;
	}
	return true;
}

static bool take_known(struct baseline *baseline, struct json_object *object)
{
	struct known_finding *known;
	char *kind;

	if (!json_object_is_type(object, json_type_object))
		return false;
	known = array_add(&baseline->known, &baseline->n, &baseline->room, sizeof(*known));
	kind = known ? take_string(object, "kind") : NULL;
	if (!kind)
		return false;
	known->kind = name_find(leak_name, kind, strlen(kind));
	free(kind);
	known->exporter = take_string(object, "exporter");
	known->comm = take_string(object, "comm");
	return known->kind < LEAK_KINDS && known->exporter && known->comm &&
	       take_functions(object, known);
}

int baseline_read(struct baseline *baseline, const char *path, char *error, size_t room)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *all = NULL, *list;
	size_t len, n, i;
	char *text;
	int err = tokener ? read_text(path, &text, &len, error, room) : -ENOMEM;

	if (err) {
		if (tokener)
			json_tokener_free(tokener);
		return err;
	}
	all = json_tokener_parse_ex(tokener, text, len);
	if (!all || !json_object_is_type(all, json_type_object) ||
	    !json_object_object_get_ex(all, "known", &list) ||
	    !json_object_is_type(list, json_type_array)) {
		snprintf(error, room, "%s: not a baseline; write one with --write-baseline", path);
		err = -EBADMSG;
	}
	n = err ? 0 : json_object_array_length(list);
	for (i = 0; i < n && !err; i++) {
		if (take_known(baseline, json_object_array_get_idx(list, i)))
			continue;
		snprintf(error, room, "%s: finding %zu of %zu is invalid", path, i + 1, n);
		err = -EBADMSG;
	}
	json_object_put(all);
	json_tokener_free(tokener);
	free(text);
	return err;
}

static struct json_object *known_object(const struct findings *s, uint32_t i)
{
	const struct leak_finding *f = &s->leaks->findings[i];
	struct json_object *object = json_object_new_object(), *list = json_object_new_array();
	const char *functions[BASELINE_FUNCTIONS];
	char text[TEXT_ROOM];

	json_object_object_add(object, "kind", json_object_new_string(leak_name(f->kind)));
	json_object_object_add(object, "exporter",
			       json_object_new_string(as_kept(text, f->exporter)));
	as_kept(text, s->leaks->processes[f->process].comm);
	json_object_object_add(object, "comm", json_object_new_string(text));
	name_functions(s, i, functions);
	for (uint32_t j = 0; j < BASELINE_FUNCTIONS && *functions[j]; j++)
		json_object_array_add(list, json_object_new_string(as_kept(text, functions[j])));
	json_object_object_add(object, "functions", list);
	return object;
}

int baseline_write(const char *path, const struct findings *s, char *error, size_t room)
{
	struct json_object *all = json_object_new_object(), *list = json_object_new_array();
	struct file_whole file;
	int err = file_begin(&file, path, FILE_PUBLIC);

	for (uint32_t i = 0; i < s->leaks->n_findings; i++)
		if (s->leaks->findings[i].suppressed < 0)
			json_object_array_add(list, known_object(s, i));
	json_object_object_add(all, "known", list);
	errno = 0;
	if (!err && json_object_to_fd(file.fd, all, JSON_C_TO_STRING_PRETTY |
				      JSON_C_TO_STRING_NOSLASHESCAPE))
		err = errno ? -errno : -EIO;
	err = file_end(&file, err);
	if (err)
		snprintf(error, room, "cannot write %s: %s", path, file_error(-err));
	json_object_put(all);
	return err;
}
