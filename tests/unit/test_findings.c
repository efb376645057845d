// SPDX-License-Identifier: GPL-2.0
/* Findings in all their forms, with names that nobody should have; suppressions; baselines. */
#include <json-c/json.h>
#include <unistd.h>

#include "fixture.h"
#include "trace/findings.h"

#define HOSTILE "\x1b[31m::error::x\n%0A,:\"<&]]>\xff\xef\xbf\xbe"

static char folder[] = "/tmp/findings-XXXXXX";

struct set {
	struct leaks leaks;
	struct findings findings;
	uint64_t time;
};

static void happens(struct set *s, unsigned int type, uint64_t ino, const char *name)
{
	struct model_event e = {
		.raw = { .type = type, .ino = ino, .time = s->time += 1000000, .tid = 7, .flags = 3,
			 .value = 4096 },
		.pid = 7, .comm = name, .exporter = name, .device = name, .text = name,
	};

	assert_int_equal(leaks_take(&s->leaks, &e), 0);
}

/* Frames: the numbers say which. */
static int resolve(void *ctx, struct leak_stack stack, struct finding_frames *frames)
{
	const struct stack_frame rows[] = {
		{ .function = "dma_buf_export", .kernel = true },
		{ .function = "system_heap_allocate", .module = "heap", .kernel = true, .offset = 18 },
		{ .function = "new_surface", .file = "decoder.c", .line = 36, .module = "decoder" },
		{ .function = ctx, .file = ctx, .line = 63, .module = ctx },
		{ .module = "libfoo.so", .offset = 0x1234 },
	};
	size_t i;

	(void)stack;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct stack_frame *f = array_add(&frames->rows, &frames->n, &frames->room,
						  sizeof(*f));

		assert_non_null(f);
		*f = rows[i];
	}
	return 0;
}

/* One of each: an attachment (error), an access (warning). */
static void make(struct set *s, const char *name)
{
	struct leaks_options options = { 0 };

	s->time = 1000000000;
	leaks_init(&s->leaks, &options);
	assert_int_equal(leaks_add_process(&s->leaks, 7, name), 0);
	happens(s, EVENT_EXPORT, 1, name);
	happens(s, EVENT_NAME, 1, name);
	happens(s, EVENT_ATTACH, 1, name);
	happens(s, EVENT_RELEASE, 1, name);
	happens(s, EVENT_EXPORT, 2, name);
	happens(s, EVENT_BEGIN, 2, name);
	happens(s, EVENT_RELEASE, 2, name);
	s->leaks.end = s->time + 3100000000;
	assert_int_equal(leaks_judge(&s->leaks, NULL, s->leaks.end), 0);
	s->findings.pid = 812;
	assert_int_equal(findings_prepare(&s->findings, &s->leaks, resolve, (void *)name), 0);
}

static void finish(struct set *s)
{
	findings_free(&s->findings);
	leaks_free(&s->leaks);
}

static char *print(const struct set *s, int (*how)(FILE *out, const struct findings *f))
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(how(out, &s->findings), 0);
	fclose(out);
	return text;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no '%s' in:\n%s", part, text);
}

static void text(void **state)
{
	struct set s = { 0 };
	char *out;

	(void)state;
	make(&s, "camera");
	out = print(&s, findings_text);
	assert_has(out, "==812==ERROR: dmabuf-trace: dma-buf leaks detected\n");
	assert_has(out, "Leak 1 (attachment, error): 4.00 KiB in 1 buffer, exporter camera \"camera\"\n");
	assert_has(out, "    not ended: attach camera, by camera[7] 3.10s before the end\n");
	assert_has(out, "      #1  system_heap_allocate+0x12      [heap]\n");
	assert_has(out, "      #2  new_surface                    decoder.c:36\n");
	assert_has(out, "      #4  0x1234                         libfoo.so\n");
	assert_has(out, "Warning (cpu-access): 4.00 KiB in 1 buffer");
	assert_has(out, "SUMMARY: dmabuf-trace: 1 leak, 4.00 KiB in 1 buffer; 1 warning\n");
	free(out);
	finish(&s);
}

/* What is there at the end: held by others, by the kernel, by a message; and why no verdict is. */
static void alive(void **state)
{
	struct leaks_options options = { .max_age = 1000000 };
	char *command[] = { "run", "it", NULL };
	struct json_object *json, *value;
	struct records r = { 0 };
	struct set s = { .time = 1000000000 };
	struct model end = { 0 };
	uint64_t ino;
	char *out;

	(void)state;
	leaks_init(&s.leaks, &options);
	assert_int_equal(leaks_add_process(&s.leaks, 7, "camera"), 0);
	for (ino = 1; ino <= 3; ino++)
		happens(&s, EVENT_EXPORT, ino, "camera");
	happens(&s, EVENT_MAP, 1, "camera");
	happens(&s, EVENT_MAP, 1, "camera");
	/* 2 fds of another, its mapping, and one of the kernel's */
	record_buffer(&r, 1, 4096, 4);
	record_slot(&r, 100, 1, 1, 3, 0);
	record_slot(&r, 100, 1, 1, 4, 0);
	record_slot(&r, 100, 1, 2, 0x1000, 0x2000);
	record_attachment(&r, 1, "vgem", "vgem");
	record_buffer(&r, 2, 4096, 1);
	record_buffer(&r, 3, 4096, 1);
	record_slot(&r, 0, 3, 9, 1, 0)->head.type = SNAP_IN_FLIGHT;
	load(&end, &r, NULL);
	s.leaks.end = s.time + 3100000000;
	assert_int_equal(leaks_judge(&s.leaks, &end, s.leaks.end), 0);
	s.findings.pid = 812;
	s.findings.command = command;
	s.findings.lost = 17;
	s.findings.incomplete = "17 events were lost";
	assert_int_equal(findings_prepare(&s.findings, &s.leaks, resolve, "f"), 0);
	out = print(&s, findings_text);
	assert_has(out, "Leak 1 (mapping, error)");
	assert_has(out, "held after exit: 4 = 2 fds + 1 map + 1 kernel (1 attachment)\n");
	assert_has(out, "holder comm100[100]: 2 fds, 1 map\n");
	assert_has(out, "not ended: map camera, by camera[7], 2 times 3.10s before the end\n");
	assert_has(out, "Leak 2 (outlived, error)");
	assert_has(out, "in flight: 1 in socket");
	assert_has(out, "Leak 3 (kernel-held, error)");
	assert_has(out, "held by no process: 1 = 0 fds + 0 maps + 1 kernel\n");
	assert_has(out, "Still running: camera[7]\nINCOMPLETE: 17 events were lost\n");
	free(out);
	out = print(&s, findings_json);
	json = json_tokener_parse(out);
	assert_non_null(json);
	assert_has(out, "\"command\":[\"run\",\"it\"]");
	assert_has(out, "\"references\":{\"fds\":2,\"maps\":1,\"kernel\":1,\"attachments\":1}");
	assert_has(out, "\"holders\":[{\"pid\":100,\"comm\":\"comm100\",\"of_tree\":false,"
		   "\"socket\":null,\"fds\":2,\"maps\":1,\"others\":0}]");
	assert_true(json_object_object_get_ex(json, "complete", &value));
	assert_false(json_object_get_boolean(value));
	assert_true(json_object_object_get_ex(json, "leaks", &value));
	assert_int_equal(json_object_get_int(value), 3);
	free(out);
	json_object_put(json);
	finish(&s);
	model_free(&end);
	records_free(&r);
}

static void sizes(void **state)
{
	char buf[16];

	(void)state;
	assert_string_equal(finding_size(buf, 0), "0 B");
	assert_string_equal(finding_size(buf, 4096), "4.00 KiB");
	assert_string_equal(finding_size(buf, 196608), "192 KiB");
	assert_string_equal(finding_size(buf, UINT64_MAX), "16.0 EiB");
}

/* Nothing that a terminal, a CI's log, a JSON or an XML reader would obey */
static void hostile(void **state)
{
	struct set s = { 0 };
	struct json_object *json, *list, *one, *value;
	char *out, *line;

	(void)state;
	make(&s, HOSTILE);
	out = print(&s, findings_text);
	assert_null(strchr(out, '\x1b'));
	for (line = out; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		assert_int_not_equal(strncmp(line, "::", 2), 0);
	free(out);
	out = print(&s, findings_annotate);
	assert_int_equal(strncmp(out, "::error file=decoder.c,line=36,title=dma-buf leak (attachment)::",
				 64), 0);
	/* Two findings, two lines */
	line = strchr(out, '\n');
	assert_int_equal(strncmp(line, "\n::warning ", 11), 0);
	assert_string_equal(strchr(line + 1, '\n'), "\n");
	assert_null(strstr(out, "\x1b"));
	free(out);
	out = print(&s, findings_json);
	json = json_tokener_parse(out);
	assert_non_null(json);
	assert_true(json_object_object_get_ex(json, "findings", &list));
	assert_int_equal(json_object_array_length(list), 2);
	one = json_object_array_get_idx(list, 0);
	assert_true(json_object_object_get_ex(one, "exporter", &value));
	assert_string_equal(json_object_get_string(value),
			    "\x1b[31m::error::x\n%0A,:\"<&]]>\\xff\xef\xbf\xbe");
	json_object_put(json);
	free(out);
	finish(&s);
}

/* Writes the JUnit file and returns what is in it, for free(). */
static char *junit(const struct set *s)
{
	char path[64], *bytes = calloc(1, 8192);
	FILE *in;

	snprintf(path, sizeof(path), "%s/junit", folder);
	assert_int_equal(findings_junit(path, &s->findings), 0);
	in = fopen(path, "r");
	assert_non_null(in);
	assert_non_null(bytes);
	assert_true(fread(bytes, 1, 8191, in) > 0);
	fclose(in);
	return bytes;
}

static void xml_is_escaped(void **state)
{
	struct set s = { 0 };
	char *xml;

	(void)state;
	make(&s, HOSTILE);
	s.findings.incomplete = HOSTILE "\x7f\t\xef\xbf\xbf\xc3\xa9";
	xml = junit(&s);
	assert_has(xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			"<testsuite name=\"dmabuf-trace leaks\" tests=\"12\" failures=\"1\" errors=\"1\">\n"
			" <testcase classname=\"dmabuf-trace.leaks\" name=\"mapping\"/>\n");
	assert_has(xml, " <testcase classname=\"dmabuf-trace.leaks\" name=\"attachment\">\n"
			"  <failure type=\"attachment\" message=\"1 finding: attached to a device, and never "
			"detached\">\nLeak 1 (attachment, error): 4.00 KiB in 1 buffer, exporter "
			"\\x1b[31m::error::x\\x0a%0A,:&quot;&lt;&amp;]]&gt;\\xff");
	assert_has(xml, "  <system-out>\nWarning (cpu-access): ");
	assert_has(xml, "    buffer: 2\n</system-out>\n </testcase>\n");
	/* Valid in UTF-8, forbidden in XML: replaced. Invalid in UTF-8: as bytes. */
	assert_has(xml, "  <error message=\"?[31m::error::x\n%0A,:&quot;&lt;&amp;]]&gt;\\xff??\t?\xc3\xa9\"/>\n"
			" </testcase>\n</testsuite>\n");
	assert_int_equal(findings_junit("/no/such/folder/file", &s.findings), -ENOENT);
	free(xml);
	finish(&s);
}

static void patterns(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} cases[] = {
		{ "foo", "a foo b", true }, { "foo", "fo", false }, { "^foo", "foobar", true },
		{ "^foo", "a foo", false }, { "foo$", "a foo", true }, { "foo$", "foofoo", true },
		{ "foo$", "foo b", false }, { "^foo$", "foo", true }, { "^foo$", "foofoo", false },
		{ "f*o", "a fxxxo b", true }, { "^f*o$", "fxxo", true },
		{ "^f*o$", "fxxob", false },
		{ "*", "x", true }, { "*", "", false }, { "*foo", "foo", true },
		{ "a*b*c", "a1b2c", true },
		{ "a*b*c", "a1c2b", false }, { "^*foo$", "xfoo", true }, { "a$b", "a$b", true },
		{ "a*a$", "a", false }, { "a*a$", "aa", true }, { "^ab*b$", "ab", false },
		{ "x*$", "ax", true }, { "^", "x", true }, { "$", "x", true },
		{ "a$b$", "xa$b", true }, { "a$b$", "a$bx", false }, { "$x$*y$", "$x$y", true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		if (suppression_matches(cases[i].pattern, cases[i].text) != cases[i].matches)
			fail_msg("'%s' in '%s'", cases[i].pattern, cases[i].text);
	assert_false(suppression_matches("x", NULL));
}

static void write_file(char *path, size_t room, const char *text, size_t len)
{
	FILE *out;

	snprintf(path, room, "%s/file", folder);
	out = fopen(path, "w");
	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, len, out), len);
	fclose(out);
}

static void suppressions(void **state)
{
	static const char good[] = "# known\n\n  leak:^new_surface$ \r\nleak:nobody\nleak:camera";
	struct set s = { 0 };
	char path[64], error[256], *out;

	(void)state;
	write_file(path, sizeof(path), good, strlen(good));
	assert_int_equal(suppressions_read(&s.findings.suppressions, path, error,
					   sizeof(error)), 0);
	assert_int_equal(s.findings.suppressions.n, 3);
	make(&s, "camera");
	out = print(&s, findings_text);
	assert_has(out, "Suppressed: 2 leaks, 8.00 KiB by 1 rule: leak:^new_surface$\n");
	assert_has(out, "SUMMARY: dmabuf-trace: 0 leaks, 0 B in 0 buffers\n");
	free(out);
	finish(&s);
}

static void bad_suppressions(void **state)
{
	static const char *const bad[] = { "leak:", "leak", "race:x", "leak:x\nfoo\n",
					   "\x7f" "ELF" };
	struct suppressions s = { 0 };
	char path[64], error[256];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct findings f = { 0 };

		write_file(path, sizeof(path), bad[i], strlen(bad[i]));
		assert_int_equal(suppressions_read(&f.suppressions, path, error, sizeof(error)),
				 -EBADMSG);
		assert_has(error, path);
		findings_free(&f);
	}
	write_file(path, sizeof(path), "leak:x\0y", 8);
	assert_int_equal(suppressions_read(&s, path, error, sizeof(error)), -EBADMSG);
	assert_int_equal(suppressions_read(&s, "/no/such", error, sizeof(error)), -ENOENT);
	assert_int_equal(suppressions_read(&s, "/", error, sizeof(error)), -EISDIR);
}

static void baselines(void **state)
{
	struct set first = { 0 }, second = { 0 }, other = { 0 };
	struct findings_sum sum;
	char path[64], error[256];

	(void)state;
	make(&first, HOSTILE);
	snprintf(path, sizeof(path), "%s/known", folder);
	assert_int_equal(baseline_write(path, &first.findings, error, sizeof(error)), 0);
	assert_int_equal(baseline_write("/no/such/x", &first.findings, error, sizeof(error)),
			 -ENOENT);
	findings_sum(&first.findings, &sum);
	assert_int_equal(sum.failing, 1);
	assert_int_equal(baseline_read(&second.findings.baseline, path, error, sizeof(error)), 0);
	assert_int_equal(second.findings.baseline.n, 2);
	make(&second, HOSTILE);
	findings_sum(&second.findings, &sum);
	assert_int_equal(sum.known, 2);
	assert_int_equal(sum.failing, 0);
	assert_int_equal(baseline_read(&other.findings.baseline, path, error, sizeof(error)), 0);
	make(&other, "camera");
	findings_sum(&other.findings, &sum);
	assert_int_equal(sum.known, 0);
	finish(&first);
	finish(&second);
	finish(&other);
}

static void bad_baselines(void **state)
{
	static const char *const bad[] = {
		"", "{", "[]", "{}", "{\"known\":{}}", "{\"known\":[1]}", "{\"known\":[{}]}",
		"{\"known\":[{\"kind\":\"nap\",\"exporter\":\"\",\"comm\":\"\",\"functions\":[]}]}",
		"{\"known\":[{\"kind\":\"pin\",\"exporter\":1,\"comm\":\"\",\"functions\":[]}]}",
		"{\"known\":[{\"kind\":\"pin\",\"exporter\":\"\",\"comm\":\"\"}]}",
		"{\"known\":[{\"kind\":\"pin\",\"exporter\":\"\",\"comm\":\"\",\"functions\":[1]}]}",
		"{\"known\":[{\"kind\":\"pin\",\"exporter\":\"\",\"comm\":\"\",\"functions\":[null]}]}",
		"{\"known\":[{\"kind\":\"pin\",\"exporter\":\"\",\"comm\":\"\","
		"\"functions\":[\"\",\"\",\"\",\"\",\"\",\"\"]}]}",
		"\xff\xfe",
	};
	char path[64], error[256];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct findings f = { 0 };

		write_file(path, sizeof(path), bad[i], strlen(bad[i]));
		assert_int_equal(baseline_read(&f.baseline, path, error, sizeof(error)), -EBADMSG);
		assert_has(error, path);
		findings_free(&f);
	}
}

static void what_fails(void **state)
{
	struct findings_sum sum;
	struct set s = { 0 };

	(void)state;
	make(&s, "camera");
	findings_sum(&s.findings, &sum);
	assert_int_equal(sum.failing, 1);
	s.findings.fail_on = 1u << LEAK_CPU_ACCESS;
	findings_sum(&s.findings, &sum);
	assert_int_equal(sum.failing, 1);
	assert_true(finding_fails(&s.findings, &s.leaks.findings[1]));
	s.findings.fail_on = 1u << LEAK_PIN;
	findings_sum(&s.findings, &sum);
	assert_int_equal(sum.failing, 0);
	finish(&s);
}

static int remove_folder(void **state)
{
	static const char *const files[] = { "file", "known", "junit" };
	char path[64];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
		unlink(path);
	}
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(alive),
		cmocka_unit_test(sizes),
		cmocka_unit_test(hostile),
		cmocka_unit_test(xml_is_escaped),
		cmocka_unit_test(patterns),
		cmocka_unit_test(suppressions),
		cmocka_unit_test(bad_suppressions),
		cmocka_unit_test(baselines),
		cmocka_unit_test(bad_baselines),
		cmocka_unit_test(what_fails),
	};

	if (!mkdtemp(folder))
		return 1;
	return cmocka_run_group_tests(tests, NULL, remove_folder);
}
