// SPDX-License-Identifier: GPL-2.0
/* Findings as a JUnit report, a test case for each kind, by libxml2; see findings.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace/findings.h"

#ifndef HAVE_XML_2_0

bool findings_has_junit(void)
{
	return false;
}

int findings_junit(const char *path, const struct findings *s)
{
	(void)path;
	(void)s;
	return -ENOTSUP;
}

#else

#include <libxml/xmlwriter.h>

#include "output/file.h"
#include "output/text.h"

bool findings_has_junit(void)
{
	return true;
}

/*
 * The report as people read it, as XML may hold it: no control characters, no U+FFFE and U+FFFF.
 * Freed by the caller; NULL if memory is out.
 */
static char *text_of(const char *plain)
{
	size_t len = strlen(plain), i, n = 0;
	char *utf8 = malloc(TEXT_SAFE_ROOM(len)), *xml = malloc(TEXT_SAFE_ROOM(len));

	if (utf8 && xml) {
		text_utf8(utf8, TEXT_SAFE_ROOM(len), plain);
		for (i = 0; utf8[i]; i++) {
			unsigned char c = utf8[i];

			if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f ||
			    !strncmp(utf8 + i, "\xef\xbf\xbe", 3) ||
			    !strncmp(utf8 + i, "\xef\xbf\xbf", 3))
				n += snprintf(xml + n, 5, "?");
			else
				xml[n++] = c;
		}
		xml[n] = '\0';
	}
	free(utf8);
	return xml;
}

/* The findings of one kind as findings_text() prints them. */
static char *print_kind(const struct findings *s, unsigned int kind, bool failing, uint32_t *n)
{
	char *text = NULL, *safe;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	uint32_t i;

	*n = 0;
	if (!out)
		return NULL;
	for (i = 0; i < s->leaks->n_findings; i++) {
		const struct leak_finding *f = &s->leaks->findings[i];

		if (f->kind != kind || f->suppressed >= 0 || f->known ||
		    finding_fails(s, f) != failing)
			continue;
		finding_text(out, s, i, i + 1);
		(*n)++;
	}
	fclose(out);
	safe = text ? text_of(text) : NULL;
	free(text);
	return safe;
}

static int write_kind(xmlTextWriter *w, const struct findings *s, unsigned int kind)
{
	uint32_t failing, others;
	char *failed = print_kind(s, kind, true, &failing);
	char *rest = print_kind(s, kind, false, &others);
	char message[80];
	int err = 0;

	if (!failed || !rest) {
		err = -ENOMEM;
		goto out;
	}
	xmlTextWriterStartElement(w, BAD_CAST "testcase");
	xmlTextWriterWriteAttribute(w, BAD_CAST "classname", BAD_CAST "dmabuf-trace.leaks");
	xmlTextWriterWriteAttribute(w, BAD_CAST "name", BAD_CAST leak_name(kind));
	if (failing) {
		snprintf(message, sizeof(message), "%u finding%s: %s", failing,
			 failing == 1 ? "" : "s", leak_help(kind));
		xmlTextWriterStartElement(w, BAD_CAST "failure");
		xmlTextWriterWriteAttribute(w, BAD_CAST "type", BAD_CAST leak_name(kind));
		xmlTextWriterWriteAttribute(w, BAD_CAST "message", BAD_CAST message);
		xmlTextWriterWriteString(w, BAD_CAST failed);
		xmlTextWriterEndElement(w);
	}
	if (others)
		xmlTextWriterWriteElement(w, BAD_CAST "system-out", BAD_CAST rest);
	if (xmlTextWriterEndElement(w) < 0)
		err = -EIO;
out:
	free(failed);
	free(rest);
	return err;
}

/* Whether the verdict can be trusted is a test too. */
static int write_verdict(xmlTextWriter *w, const struct findings *s)
{
	char *why = s->incomplete ? text_of(s->incomplete) : NULL;

	xmlTextWriterStartElement(w, BAD_CAST "testcase");
	xmlTextWriterWriteAttribute(w, BAD_CAST "classname", BAD_CAST "dmabuf-trace.leaks");
	xmlTextWriterWriteAttribute(w, BAD_CAST "name", BAD_CAST "complete");
	if (s->incomplete) {
		xmlTextWriterStartElement(w, BAD_CAST "error");
		xmlTextWriterWriteAttribute(w, BAD_CAST "message", BAD_CAST (why ? why : ""));
		xmlTextWriterEndElement(w);
	}
	free(why);
	return xmlTextWriterEndElement(w) < 0 ? -EIO : 0;
}

/* Not by the library, which would print errors of its own. */
static int write_file(const char *path, const xmlBuffer *text)
{
	struct file_whole file;
	FILE *out = file_begin_stream(&file, path, FILE_PUBLIC);
	int err = 0;

	if (!out)
		return -errno;
	errno = 0;
	fwrite(xmlBufferContent(text), 1, xmlBufferLength(text), out);
	if (ferror(out))
		err = errno ? -errno : -EIO;
	return file_end(&file, err);
}

int findings_junit(const char *path, const struct findings *s)
{
	xmlBuffer *text = xmlBufferCreate();
	xmlTextWriter *w;
	uint32_t failing = 0, i;
	unsigned int kind;
	bool kinds[LEAK_KINDS] = { false };
	int err = 0;

	w = text ? xmlNewTextWriterMemory(text, 0) : NULL;
	if (!w) {
		xmlBufferFree(text);
		return -ENOMEM;
	}
	for (i = 0; i < s->leaks->n_findings; i++)
		kinds[s->leaks->findings[i].kind] |= finding_fails(s, &s->leaks->findings[i]);
	for (kind = 0; kind < LEAK_KINDS; kind++)
		failing += kinds[kind];
	xmlTextWriterSetIndent(w, 1);
	xmlTextWriterStartDocument(w, NULL, "UTF-8", NULL);
	xmlTextWriterStartElement(w, BAD_CAST "testsuite");
	xmlTextWriterWriteAttribute(w, BAD_CAST "name", BAD_CAST "dmabuf-trace leaks");
	xmlTextWriterWriteFormatAttribute(w, BAD_CAST "tests", "%d", LEAK_KINDS + 1);
	xmlTextWriterWriteFormatAttribute(w, BAD_CAST "failures", "%u", failing);
	xmlTextWriterWriteFormatAttribute(w, BAD_CAST "errors", "%d", s->incomplete ? 1 : 0);
	for (kind = 0; kind < LEAK_KINDS && !err; kind++)
		err = write_kind(w, s, kind);
	if (!err)
		err = write_verdict(w, s);
	if (!err && (xmlTextWriterEndDocument(w) < 0 || xmlTextWriterFlush(w) < 0))
		err = -EIO;
	xmlFreeTextWriter(w);
	if (!err)
		err = write_file(path, text);
	xmlBufferFree(text);
	return err;
}

#endif
