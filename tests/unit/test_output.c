// SPDX-License-Identifier: GPL-2.0
/* JSON is valid and exact, CSV is RFC 4180, text is safe; unknown is null, empty, -. */
#include "fixture.h"

#include <json-c/json.h>
#include <locale.h>

#include "output/output.h"
#include "views.h"

static struct records r;
static struct model m;

static int setup(void **state)
{
	(void)state;
	memset(&r, 0, sizeof(r));
	memset(&m, 0, sizeof(m));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	model_free(&m);
	records_free(&r);
	return 0;
}

enum format { TEXT, CSV, JSON };

/* What a view's columns look like; the caller frees. */
static char *print(enum format format, const char *view_name, const char *spec,
		   struct output_options options)
{
	const struct view *view = view_find(view_name);
	struct column_list list = { 0 };
	struct rows rows = { 0 };
	char *text = NULL, *unknown;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(column_list_parse(&list, view, spec, NULL, &unknown), 0);
	assert_int_equal(rows_collect(&rows, view, &m, list.columns[0], false), 0);
	options.columns = &list;
	if (format == JSON)
		assert_int_equal(output_json_begin(out, &m), 0);
	assert_int_equal((format == TEXT ? output_table : format == CSV ? output_csv :
			  output_json_rows)(out, view, &m, &rows, &options), 0);
	if (format == JSON)
		output_json_end(out);
	fclose(out);
	rows_free(&rows);
	free(list.columns);
	return text;
}

static void expect(enum format format, const char *view, const char *spec,
		   struct output_options options, const char *expected)
{
	char *text = print(format, view, spec, options);

	assert_string_equal(text, expected);
	free(text);
}

static struct json_object *parse(const char *text)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *object;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, text, -1);
	if (!object)
		fail_msg("%s: %s", json_tokener_error_desc(json_tokener_get_error(tokener)), text);
	assert_int_equal(text[json_tokener_get_parse_end(tokener)], '\0');
	json_tokener_free(tokener);
	return object;
}

static struct json_object *cell(struct json_object *object, const char *view, int row,
				const char *column)
{
	struct json_object *rows, *value;

	assert_true(json_object_object_get_ex(object, view, &rows));
	object = json_object_array_get_idx(rows, row);
	assert_true(json_object_object_get_ex(object, column, &value));
	return value;
}

/* name, in JSON after parsing, in CSV, in text */
static const struct { const char *name, *json, *csv, *text; } names[] = {
	{ "plain", "plain", "plain", "plain" },
	{ "", "", "", "" },
	{ "null", "null", "null", "null" },
	{ "double\"quote", "double\"quote", "\"double\"\"quote\"", "double\"quote" },
	{ "\"\"", "\"\"", "\"\"\"\"\"\"", "\"\"" },
	{ "comma,semicolon;", "comma,semicolon;", "\"comma,semicolon;\"", "comma,semicolon;" },
	{ " space ", " space ", "\" space \"", " space " },
	{ "back\\slash\\n\\x41", "back\\slash\\n\\x41", "back\\slash\\n\\x41", "back\\slash\\n\\x41" },
	{ "\x1b[31m\a\b", "\x1b[31m\a\b", "\\x1b[31m\\x07\\x08", "\\x1b[31m\\x07\\x08" },
	{ "line\nfeed\r\t", "line\nfeed\r\t", "line\\x0afeed\\x0d\\x09", "line\\x0afeed\\x0d\\x09" },
	{ "\x7f\xc2\x9b", "\x7f\xc2\x9b", "\\x7f\\xc2\\x9b", "\\x7f\\xc2\\x9b" },
	{ "\xc3\xa4\xe6\xbc\xa2\xf0\x9f\x98\x80", "\xc3\xa4\xe6\xbc\xa2\xf0\x9f\x98\x80",
	  "\xc3\xa4\xe6\xbc\xa2\xf0\x9f\x98\x80", "\xc3\xa4\xe6\xbc\xa2\xf0\x9f\x98\x80" },
	{ "\xe2\x80\xaertl", "\xe2\x80\xaertl", "\\xe2\\x80\\xaertl", "\\xe2\\x80\\xaertl" },
	{ "\xff,\xfe", "\\xff,\\xfe", "\"\\xff,\\xfe\"", "\\xff,\\xfe" },
	{ "0123456789012345678901234567890", "0123456789012345678901234567890",
	  "0123456789012345678901234567890", "0123456789012345678901234567890" },
	{ "\x01\x02\x03\x04\x05\x06\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1c\x1d\x1e\x1f",
	  "\x01\x02\x03\x04\x05\x06\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1c\x1d\x1e\x1f",
	  "\\x01\\x02\\x03\\x04\\x05\\x06\\x0e\\x0f\\x10\\x11\\x12\\x13\\x14\\x15\\x16\\x17\\x18\\x19"
	  "\\x1a\\x1c\\x1d\\x1e\\x1f", NULL },
	{ "</script>/%s%n", "</script>/%s%n", "</script>/%s%n", "</script>/%s%n" },
};

static void hostile_names(void **state)
{
	static const struct output_options no_header = { .no_header = true };
	struct json_object *object;
	char *text, *line, *next;
	const char *at;
	uint32_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		struct snap_buffer *b = record_buffer(&r, 1 + i, 4096, 1);

		record_text(b->name, sizeof(b->name), names[i].name);
		record_text(b->exporter, sizeof(b->exporter), names[i].name);
	}
	load(&m, &r, NULL);

	text = print(JSON, "buffers", "ino,name", no_header);
	/* One line, and nothing in it that a terminal obeys */
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	for (at = text; at[1]; at++)
		assert_true((unsigned char)*at >= 0x20 && *at != 0x7f &&
			    !((unsigned char)at[0] == 0xc2 && (unsigned char)at[1] < 0xa0));
	object = parse(text);
	for (i = 0; i < ARRAY_SIZE(names); i++)
		assert_string_equal(json_object_get_string(cell(object, "buffers", i, "name")),
				    names[i].json);
	json_object_put(object);
	free(text);

	/* The same in any locale */
	setlocale(LC_CTYPE, "C");
	text = print(CSV, "buffers", "ino,name", no_header);
	setlocale(LC_CTYPE, "C.UTF-8");
	for (i = 0, line = text; i < ARRAY_SIZE(names); i++, line = next) {
		char expected[256];

		next = strchr(line, '\n') + 1;
		next[-1] = '\0';
		snprintf(expected, sizeof(expected), "%u,%s", 1 + i, names[i].csv);
		assert_string_equal(line, expected);
	}
	assert_string_equal(line, "");
	free(text);

	text = print(TEXT, "buffers", "ino,name", no_header);
	for (i = 0, line = text; i < ARRAY_SIZE(names); i++, line = next) {
		next = strchr(line, '\n') + 1;
		next[-1] = '\0';
		if (names[i].text)
			assert_string_equal(line + 4, names[i].text);
	}
	free(text);
}

static void unknown(void **state)
{
	struct json_object *object;
	struct snap_buffer *b;
	char *text;
	const struct column *c;

	(void)state;
	b = record_buffer(&r, 7, 4096, 1);
	b->head.valid = 0;
	record_attachment(&r, 7, "dev", NULL);
	load(&m, &r, NULL);
	m.sees = 0;
	expect(CSV, "buffers", NULL, (struct output_options){ .timed = false },
	       "ino,size,age,exporter,name,node,uid,count,fds,maps,kernel,attachments,gem,objects,"
	       "imports,in_flight,io_uring,unexplained,framebuffers,procs,devices\n"
	       "7,,,,,,,,,,,,,,,,,,,,\n");
	expect(TEXT, "buffers", "ino,size,age,name,procs,devices",
	       (struct output_options){ .bytes = true },
	       "INO SIZE AGE NAME PROCS DEVICES\n  7    -   - -        - -\n");
	expect(TEXT, "attachments", "ino,device,driver,dynamic,mapped,direction,since,maps,p99,node",
	       (struct output_options){ .bytes = false },
	       "INO DEVICE DRIVER DYNAMIC MAPPED DIR SINCE MAPS P99 NODE\n"
	       "  7 dev    -            -      - -       -    -   - -\n");
	text = print(JSON, "buffers", NULL, (struct output_options){ .bytes = false });
	object = parse(text);
	for (c = views[VIEW_BUFFERS].columns + 1; c->name; c++)
		assert_null(cell(object, "buffers", 0, c->name));
	json_object_put(object);
	free(text);
}

static void values(void **state)
{
	struct snap_attachment *a;
	struct json_object *object, *value;
	struct snap_buffer *b;
	char *text;

	(void)state;
	b = record_buffer(&r, UINT64_MAX, UINT64_MAX, 2);
	b->created = 1000;
	b->uid = UINT32_MAX;
	a = record_attachment(&r, UINT64_MAX, "dev", "drv");
	a->head.valid |= SNAP_ATTACHMENT_DYNAMIC_KNOWN | SNAP_ATTACHMENT_DYNAMIC;
	load(&m, &r, NULL);
	m.time = 1700000000.25;
	expect(CSV, "buffers", "ino,size,age,uid,count",
	       (struct output_options){ .timed = true, .bytes = false },
	       "time,ino,size,age,uid,count\n"
	       "1700000000.250,18446744073709551615,18446744073709551615,1699999000,4294967295,2\n");
	expect(CSV, "attachments", "dynamic", (struct output_options){ .no_header = true }, "true\n");
	expect(TEXT, "attachments", "dynamic", (struct output_options){ .no_header = true }, "    yes\n");
	expect(TEXT, "buffers", "size,age", (struct output_options){ .bytes = false },
	       " SIZE       AGE\n16.0E 19675d21h\n");
	expect(TEXT, "buffers", "size", (struct output_options){ .bytes = true },
	       "                SIZE\n18446744073709551615\n");
	text = print(JSON, "buffers", NULL, (struct output_options){ .bytes = false });
	object = parse(text);
	assert_true(json_object_get_uint64(cell(object, "buffers", 0, "size")) == UINT64_MAX);
	assert_true(json_object_get_uint64(cell(object, "buffers", 0, "ino")) == UINT64_MAX);
	assert_true(json_object_object_get_ex(object, "time", &value));
	assert_true(json_object_get_double(value) == 1700000000.25);
	json_object_put(object);
	free(text);
}

/* An array in JSON; in CSV one field, whatever the names hold. */
static void lists(void **state)
{
	struct json_object *object, *list;
	char *text;

	(void)state;
	record_buffer(&r, 1, 4096, 9);
	record_attachment(&r, 1, "vgem", "vgem");
	record_attachment(&r, 1, "a device", "drv");
	record_attachment(&r, 1, "quo\"te,", "drv");
	record_buffer(&r, 2, 4096, 9);
	record_buffer(&r, 3, 4096, 9);
	record_attachment(&r, 3, "vgem", "vgem");
	record_attachment(&r, 3, "vgem", "vgem");
	load(&m, &r, NULL);
	expect(CSV, "buffers", "ino,devices", (struct output_options){ .no_header = true },
	       "1,\"vgem;a device;quo\"\"te,\"\n2,\n3,vgem;vgem\n");
	expect(TEXT, "buffers", "ino,devices", (struct output_options){ .no_header = true },
	       "  1 vgem;a device;quo\"te,\n  2 -\n  3 vgem;vgem\n");
	text = print(JSON, "buffers", "ino,devices", (struct output_options){ .bytes = false });
	object = parse(text);
	list = cell(object, "buffers", 0, "devices");
	assert_int_equal(json_object_array_length(list), 3);
	assert_string_equal(json_object_get_string(json_object_array_get_idx(list, 2)), "quo\"te,");
	assert_int_equal(json_object_array_length(cell(object, "buffers", 1, "devices")), 0);
	json_object_put(object);
	free(text);
}

/* More devices than a cell has room for: cut, and said so; whole for programs. */
static void long_lists(void **state)
{
	char name[SNAP_DEVICE_LEN], cell_text[OUTPUT_CELL_ROOM], *text;
	const struct column *column = view_column(view_find("buffers"), "devices");
	struct json_object *object;
	int i;

	(void)state;
	record_buffer(&r, 1, 4096, 100);
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b%053d", i);
		record_attachment(&r, 1, name, "drv");
	}
	load(&m, &r, NULL);
	output_cell(cell_text, column, &m, &m.buffers[0], false);
	assert_true(strlen(cell_text) < sizeof(cell_text));
	assert_string_equal(cell_text + strlen(cell_text) - 2, ";~");
	text = print(JSON, "buffers", NULL, (struct output_options){ .bytes = false });
	object = parse(text);
	assert_int_equal(json_object_array_length(cell(object, "buffers", 0, "devices")), 100);
	json_object_put(object);
	free(text);
	text = print(CSV, "buffers", "devices", (struct output_options){ .no_header = true });
	assert_int_equal(strlen(text), 100 * (40 + 53) + 99 + 1);
	free(text);
}

/* Paths may be as long as PATH_MAX: programs get them whole. */
static void long_paths(void **state)
{
	static char path[4096];
	struct json_object *object;
	char *text;

	(void)state;
	memset(path, 'p', sizeof(path) - 1);
	path[0] = '/';
	record_buffer(&r, 1, 4096, 1);
	record_slot(&r, 100, 1, 1, 3, 0);
	load(&m, &r, NULL);
	m.processes[0].cgroup = path;
	text = print(JSON, "processes", NULL, (struct output_options){ .bytes = false });
	object = parse(text);
	assert_string_equal(json_object_get_string(cell(object, "processes", 0, "cgroup")), path);
	json_object_put(object);
	free(text);
	text = print(CSV, "processes", "cgroup", (struct output_options){ .no_header = true });
	assert_int_equal(strlen(text), strlen(path) + 1);
	assert_memory_equal(text, path, strlen(path));
	free(text);
	free(print(TEXT, "processes", "cgroup", (struct output_options){ .no_header = true }));
}

static void empty(void **state)
{
	(void)state;
	load(&m, &r, NULL);
	m.time = 1;
	expect(CSV, "exporters", NULL, (struct output_options){ .bytes = false },
	       "exporter,buffers,bytes\n");
	expect(CSV, "exporters", NULL, (struct output_options){ .no_header = true }, "");
	expect(TEXT, "exporters", NULL, (struct output_options){ .no_header = true }, "");
	expect(JSON, "exporters", NULL, (struct output_options){ .bytes = false },
	       "{\"time\":1.000,\"source\":\"test\",\"complete\":true,\"exporters\":[]}\n");
}

/* Without its heads a table is as wide as with them. */
static void header(void **state)
{
	(void)state;
	record_buffer(&r, 1, 612 << 10, 1);
	load(&m, &r, NULL);
	expect(TEXT, "exporters", NULL, (struct output_options){ .bytes = false },
	       "EXPORTER BUFS BYTES\nsystem      1  612K\n");
	expect(TEXT, "exporters", NULL, (struct output_options){ .no_header = true },
	       "system      1  612K\n");
	expect(CSV, "exporters", NULL, (struct output_options){ .no_header = true },
	       "system,1,626688\n");
}

/* What is missing is a source's own text: any. Several views share one object. */
static void whole_object(void **state)
{
	static const char *const shown[] = { "buffers", "holders", "processes" };
	struct output_options options = { .bytes = false };
	struct json_object *object, *value;
	struct column_list list = { 0 };
	struct rows rows = { 0 };
	char *text = NULL, *unknown_name;
	size_t len = 0;
	FILE *out;
	uint32_t i;

	(void)state;
	record_buffer(&r, 1, 4096, 5);
	record_buffer(&r, 2, 4096, 0);
	record_slot(&r, 100, 1, 1, 3, 0);
	record_slot(&r, 100, 2, 1, 4, 0);
	load(&m, &r, NULL);
	m.lacks = "no \"debugfs\":\n\x1b[31m \\ \xff";
	m.source = "re\"cording";
	out = open_memstream(&text, &len);
	assert_int_equal(output_json_begin(out, &m), 0);
	for (i = 0; i < ARRAY_SIZE(shown); i++) {
		const struct view *view = view_find(shown[i]);

		assert_int_equal(column_list_parse(&list, view, NULL, NULL, &unknown_name), 0);
		options.columns = &list;
		assert_int_equal(rows_collect(&rows, view, &m, list.columns[0], false), 0);
		assert_int_equal(output_json_rows(out, view, &m, &rows, &options), 0);
	}
	output_json_end(out);
	fclose(out);
	object = parse(text);
	assert_true(json_object_object_get_ex(object, "lacks", &value));
	assert_string_equal(json_object_get_string(value), "no \"debugfs\":\n\x1b[31m \\ \\xff");
	assert_true(json_object_object_get_ex(object, "source", &value));
	assert_string_equal(json_object_get_string(value), "re\"cording");
	assert_true(json_object_object_get_ex(object, "complete", &value));
	assert_false(json_object_get_boolean(value));
	assert_true(json_object_object_get_ex(object, "torn", &value));
	assert_int_equal(json_object_get_int(value), 1);
	for (i = 0; i < ARRAY_SIZE(shown); i++) {
		assert_true(json_object_object_get_ex(object, shown[i], &value));
		assert_int_equal(json_object_array_length(value), i < 2 ? 2 : 1);
	}
	json_object_put(object);
	rows_free(&rows);
	free(list.columns);
	free(text);
}

static void full_disk(void **state)
{
	const struct view *view = view_find("buffers");
	struct column_list list = { 0 };
	struct output_options options = { .columns = &list };
	struct rows rows = { 0 };
	FILE *out = fopen("/dev/full", "w");
	char *unknown_name;

	(void)state;
	assert_non_null(out);
	setvbuf(out, NULL, _IONBF, 0);
	record_buffer(&r, 1, 4096, 1);
	load(&m, &r, NULL);
	assert_int_equal(column_list_parse(&list, view, NULL, NULL, &unknown_name), 0);
	assert_int_equal(rows_collect(&rows, view, &m, list.columns[0], false), 0);
	assert_int_equal(output_csv(out, view, &m, &rows, &options), -EIO);
	clearerr(out);
	assert_int_equal(output_json_rows(out, view, &m, &rows, &options), -EIO);
	rows_free(&rows);
	free(list.columns);
	fclose(out);
}

/* Every column of every view stands in its own line, with all that is known of it. */
static void list_columns(void **state)
{
	char *text = NULL, *line;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	uint32_t v, c;

	(void)state;
	assert_int_equal(output_list_columns(out, views, VIEWS), 0);
	fclose(out);
	line = strtok(text, "\n");
	for (v = 0; v < VIEWS; v++) {
		for (c = 0; views[v].columns[c].name; c++) {
			char view[32], name[32], unit[32], type[32];

			line = strtok(NULL, "\n");
			assert_non_null(line);
			assert_int_equal(sscanf(line, "%31s %31s %31s %31s", view, name, unit,
						type), 4);
			assert_string_equal(view, views[v].name);
			assert_string_equal(name, views[v].columns[c].name);
			assert_non_null(strstr(line, views[v].columns[c].help));
		}
	}
	assert_null(strtok(NULL, "\n"));
	free(text);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hostile_names),
		TEST(unknown),
		TEST(values),
		TEST(lists),
		TEST(long_lists),
		TEST(long_paths),
		TEST(empty),
		TEST(header),
		TEST(whole_object),
		TEST(full_disk),
		TEST(list_columns),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
