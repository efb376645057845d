// SPDX-License-Identifier: GPL-2.0
/* Findings as a JUnit report, a test case for each kind; see findings.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "output/text.h"
#include "trace/findings.h"

/*
 * Write text with the escapes of XML 1.0. Bytes outside UTF-8 become \xNN, and characters that
 * XML forbids become "?". Returns 0 or -ENOMEM.
 */
static int put_text(FILE *xml, const char *text)
{
	static const struct {
		const char *from, *to;
	} escapes[] = {
		{ "&", "&amp;" }, { "<", "&lt;" }, { ">", "&gt;" }, { "\"", "&quot;" },
		{ "\x7f", "?" }, { "\xef\xbf\xbe", "?" }, { "\xef\xbf\xbf", "?" },
	};
	const size_t room = TEXT_SAFE_ROOM(strlen(text)), n = sizeof(escapes) / sizeof(*escapes);
	char *utf8 = malloc(room);
	const char *at;
	size_t i;

	if (!utf8)
		return -ENOMEM;
	text_utf8(utf8, room, text);
	for (at = utf8; *at; at++) {
		for (i = 0; i < n; i++)
			if (!strncmp(at, escapes[i].from, strlen(escapes[i].from)))
				break;
		if (i < n) {
			fputs(escapes[i].to, xml);
			at += strlen(escapes[i].from) - 1;
		} else {
			bool control = (unsigned char)*at < 0x20 && *at != '\n' && *at != '\t';

			fputc(control ? '?' : *at, xml);
		}
	}
	free(utf8);
	return 0;
}

/* Return the findings of one kind as finding_text() prints them, for free(); NULL: no memory. */
static char *print_kind(const struct findings *s, unsigned int kind, bool failing, uint32_t *n)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	*n = 0;
	if (!out)
		return NULL;
	for (uint32_t i = 0; i < s->leaks->n_findings; i++) {
		const struct leak_finding *f = &s->leaks->findings[i];

		if (f->kind != kind || f->suppressed >= 0 || f->known ||
		    finding_fails(s, f) != failing)
			continue;
		finding_text(out, s, i, i + 1);
		(*n)++;
	}
	fclose(out);
	return text;
}

static void begin_case(FILE *xml, const char *name, bool empty)
{
	fprintf(xml, " <testcase classname=\"dmabuf-trace.leaks\" name=\"%s\"%s>\n", name,
		empty ? "/" : "");
}

static int write_kind(FILE *xml, const struct findings *s, unsigned int kind)
{
	uint32_t failing, others;
	char *failed = print_kind(s, kind, true, &failing);
	char *rest = print_kind(s, kind, false, &others);
	int err = failed && rest ? 0 : -ENOMEM;

	begin_case(xml, leak_name(kind), !failing && !others);
	if (!err && failing) {
		fprintf(xml, "  <failure type=\"%s\" message=\"%u finding%s: ", leak_name(kind),
			failing, failing == 1 ? "" : "s");
		err = put_text(xml, leak_help(kind));
		fputs("\">", xml);
		err = err ? err : put_text(xml, failed);
		fputs("</failure>\n", xml);
	}
	if (!err && others) {
		fputs("  <system-out>", xml);
		err = put_text(xml, rest);
		fputs("</system-out>\n", xml);
	}
	if (failing || others)
		fputs(" </testcase>\n", xml);
	free(failed);
	free(rest);
	return err;
}

/* The completeness of the check is a test case, too. */
static int write_verdict(FILE *xml, const struct findings *s)
{
	int err;

	begin_case(xml, "complete", !s->incomplete);
	if (!s->incomplete)
		return 0;
	fputs("  <error message=\"", xml);
	err = put_text(xml, s->incomplete);
	fputs("\"/>\n </testcase>\n", xml);
	return err;
}

static int write_suite(FILE *xml, const struct findings *s)
{
	bool kinds[LEAK_KINDS] = { false };
	unsigned int failing = 0, kind;
	int err = 0;

	for (uint32_t i = 0; i < s->leaks->n_findings; i++)
		kinds[s->leaks->findings[i].kind] |= finding_fails(s, &s->leaks->findings[i]);
	for (kind = 0; kind < LEAK_KINDS; kind++)
		failing += kinds[kind];
	fprintf(xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<testsuite name=\"dmabuf-trace leaks\" tests=\"%d\" failures=\"%u\" errors=\"%d\">\n",
		LEAK_KINDS + 1, failing, s->incomplete ? 1 : 0);
	for (kind = 0; kind < LEAK_KINDS && !err; kind++)
		err = write_kind(xml, s, kind);
	if (!err)
		err = write_verdict(xml, s);
	fputs("</testsuite>\n", xml);
	return err;
}

int findings_junit(const char *path, const struct findings *s)
{
	struct file_whole file;
	FILE *xml = file_begin_stream(&file, path, FILE_PUBLIC);

	return xml ? file_end(&file, write_suite(xml, s)) : -errno;
}
