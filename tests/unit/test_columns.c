// SPDX-License-Identifier: GPL-2.0
/* The tables of views and columns; what is unknown; order of rows; -O. */
#include "fixture.h"

#include <ctype.h>

#include "output/columns.h"
#include "top/view.h"
#include "views.h"

static struct records r;
static struct model m;
static struct rows rows;

static int setup(void **state)
{
	(void)state;
	memset(&r, 0, sizeof(r));
	memset(&m, 0, sizeof(m));
	memset(&rows, 0, sizeof(rows));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	model_free(&m);
	records_free(&r);
	rows_free(&rows);
	return 0;
}

static void tables(void **state)
{
	const struct column *column, *other;
	uint32_t v;

	(void)state;
	for (v = 0; v < VIEWS; v++) {
		const struct view *view = &views[v];

		assert_ptr_equal(view_find(view->name), view);
		assert_non_null(view_column(view, view->sort));
		for (column = view->columns; column->name; column++) {
			const char *at;

			/* Found by its name: no other has it */
			assert_ptr_equal(view_column(view, column->name), column);
			for (at = column->name; *at; at++)
				assert_true(islower(*at) || *at == '_' ||
					    (at > column->name && isdigit(*at)));
			for (at = column->title; *at; at++)
				assert_true(!islower(*at));
			assert_true(*column->help && column->help[strlen(column->help) - 1] != '.');
			assert_true(!isupper(column->help[0]) || isupper(column->help[1]));
			/* 0: for programs only */
			assert_true(!column->width || column->width >= (int)strlen(column->title));
			assert_int_equal(!!column->get + !!column->look_up + !!column->size, 1);
			assert_true(!column->size || column->size == 8 ||
				    column->type != VALUE_STRING);
			assert_int_equal(!!column->item, column->type == VALUE_LIST ||
					 column->type == VALUE_IDS);
			assert_true(strlen(column_unit(column)) > 0 ||
				    (column->type != VALUE_BYTES && column->type != VALUE_SECONDS &&
				     column->type != VALUE_NS && column->type != VALUE_RATE));
			if (column->type == VALUE_SECONDS)
				assert_string_equal(column_unit(column), "s");
			for (other = view->columns; other < column; other++)
				assert_string_not_equal(other->title, column->title);
		}
	}
	assert_null(view_find("buffer"));
	assert_null(view_find(""));
	assert_null(view_column(view_find("buffers"), "INO"));
}

/* Which columns of a view's first row are known, as "a,b". */
static void expect_known(const char *view_name, const char *expected)
{
	const struct view *view = view_find(view_name);
	char known[256] = "";
	const struct column *c;

	assert_int_equal(rows_collect(&rows, view, &m, view_column(view, view->sort), false), 0);
	assert_true(rows.n > 0);
	for (c = view->columns; c->name; c++) {
		struct value v = column_value(c, &m, rows.rows[0]);

		if (v.known)
			sprintf(known + strlen(known), "%s%s", *known ? "," : "", c->name);
		assert_true(!v.known || c->type != VALUE_STRING || v.string);
	}
	assert_string_equal(known, expected);
}

/* A buffer of which a source knows only that it is there: nothing else is 0. */
static void nothing_known(void **state)
{
	struct snap_buffer *b;

	(void)state;
	b = record_buffer(&r, 7, 4096, 5);
	b->head.valid = 0;
	load(&m, &r, NULL);
	m.sees = 0;
	assert_int_equal(model_account(&m, NULL), 0);
	expect_known("buffers", "ino");
	expect_known("exporters", "buffers");

	b = record_buffer(&r, 7, 4096, 5);
	b->head.valid = 0;
	record_slot(&r, 100, 7, 1, 3, 0);
	record_attachment(&r, 7, "dev", NULL);
	load(&m, &r, NULL);
	m.sees = 0;
	assert_int_equal(model_account(&m, NULL), 0);
	expect_known("buffers", "ino,fds,procs");
	expect_known("holders", "pid,comm,ino,fds,maps,kind");
	expect_known("processes", "pid,comm,buffers,fds,maps");
	expect_known("devices", "device,attachments,buffers");
	expect_known("attachments", "ino,device");
	expect_known("exporters", "buffers");
}

static void all_known(void **state)
{
	struct snap_attachment *a;

	(void)state;
	record_buffer(&r, 7, 4096, 2);
	record_slot(&r, 100, 7, 1, 3, 0);
	a = record_attachment(&r, 7, "dev", "drv");
	a->head.valid |= SNAP_ATTACHMENT_DYNAMIC_KNOWN;
	load(&m, &r, NULL);
	m.processes[0].cgroup = "/";
	expect_known("buffers", "ino,size,age,exporter,name,uid,count,fds,maps,kernel,attachments,"
		     "gem,objects,imports,in_flight,io_uring,unexplained,framebuffers,procs,devices");
	expect_known("holders", "pid,comm,ino,size,exporter,name,fds,maps,kind,node,handle,io_uring,"
		     "framebuffer");
	expect_known("processes", "pid,comm,cgroup,buffers,fds,maps,rss,pss,uss");
	expect_known("devices", "device,driver,attachments,buffers,bytes");
	expect_known("attachments", "ino,device,driver,dynamic");
	expect_known("exporters", "exporter,buffers,bytes");
	/* Torn: references are not */
	m.buffers[0].torn = true;
	expect_known("buffers", "ino,size,age,exporter,name,uid,fds,maps,attachments,gem,objects,"
		     "in_flight,io_uring,framebuffers,procs,devices");
	/* The kernel's row shares with nobody. */
	record_buffer(&r, 7, 4096, 2);
	load(&m, &r, NULL);
	expect_known("processes", "comm,buffers,fds,maps,pss");
}

static void age(void **state)
{
	const struct column *column = view_column(view_find("buffers"), "age");
	struct value v;

	(void)state;
	record_buffer(&r, 7, 4096, 1)->created = 1000;
	load(&m, &r, NULL);
	m.time = 1060.9;
	v = column_value(column, &m, &m.buffers[0]);
	assert_true(v.known && v.number == 60);
	/* The clock was set back. */
	m.time = 999;
	v = column_value(column, &m, &m.buffers[0]);
	assert_true(v.known && v.number == 0);
}

/* The inos in the order that sorting gives, as one number: 2, 1, 3 is 213. */
static uint64_t order_by(const char *name, bool invert)
{
	const struct view *view = view_find("buffers");
	uint64_t order = 0;
	uint32_t i;

	assert_int_equal(rows_collect(&rows, view, &m, view_column(view, name), invert), 0);
	for (i = 0; i < rows.n; i++)
		order = order * 10 + ((const struct model_buffer *)rows.rows[i])->ino;
	return order;
}

/* Amounts from the largest, ids and strings from the first, unknown last; stable. */
static void sorting(void **state)
{
	static const struct { uint64_t size; uint32_t uid; const char *name; } buffers[] = {
		{ 10, 5, "b" }, { 30, 0, "a" }, { 10, 5, "b" }, { 0, 0, NULL }, { 20, 9, "" },
		{ 0, 0, NULL }, { 10, 5, "b" }, { UINT64_MAX, UINT32_MAX, "\xff" },
	};
	uint32_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(buffers); i++) {
		struct snap_buffer *b = record_buffer(&r, 1 + i, buffers[i].size, 1);

		b->uid = buffers[i].uid;
		if (buffers[i].name)
			record_text(b->name, sizeof(b->name), buffers[i].name);
		else
			b->head.valid &= ~(SNAP_HAS_SIZE | SNAP_HAS_UID | SNAP_HAS_NAME);
	}
	load(&m, &r, NULL);
	assert_int_equal(order_by("size", false), 82513746);
	assert_int_equal(order_by("size", true), 13752846);
	assert_int_equal(order_by("uid", false), 21375846);
	assert_int_equal(order_by("uid", true), 85137246);
	assert_int_equal(order_by("name", false), 52137846);
	assert_int_equal(order_by("name", true), 81372546);
	assert_int_equal(order_by("ino", false), 12345678);
	assert_int_equal(order_by("ino", true), 87654321);
	/* All equal */
	assert_int_equal(order_by("exporter", false), 12345678);
	assert_int_equal(order_by("exporter", true), 12345678);
	/* The same rows array goes on to smaller and larger models. */
	record_buffer(&r, 3, 1, 1);
	load(&m, &r, NULL);
	assert_int_equal(order_by("size", false), 3);
	load(&m, &r, NULL);
	assert_int_equal(order_by("size", true), 0);
	assert_int_equal(rows.n, 0);
}

static void many_rows(void **state)
{
	const struct view *view = view_find("buffers");
	const uint32_t n = 10007;
	uint32_t i, invert;

	(void)state;
	for (i = 0; i < n; i++)
		record_buffer(&r, 1 + i, i * 7919ULL % n / 10, 1);
	load(&m, &r, NULL);
	for (invert = 0; invert < 2; invert++) {
		assert_int_equal(rows_collect(&rows, view, &m, view_column(view, "size"),
					      invert), 0);
		assert_int_equal(rows.n, n);
		for (i = 1; i < n; i++) {
			const struct model_buffer *a = rows.rows[i - 1], *b = rows.rows[i];

			assert_true(a->size == b->size ? a->ino < b->ino :
				    invert ? a->size < b->size : a->size > b->size);
		}
	}
}

/* Rows that the filter leaves out are in no view. */
static void filtered(void **state)
{
	struct filter f = { 0 };
	uint32_t v;

	(void)state;
	record_buffer(&r, 1, 4096, 2);
	record_attachment(&r, 1, "dev", "drv");
	record_slot(&r, 100, 1, 1, 3, 0);
	filter_add_pattern(&f.exporters, "none");
	load(&m, &r, &f);
	filter_free(&f);
	for (v = 0; v < VIEWS; v++) {
		assert_int_equal(rows_collect(&rows, &views[v], &m,
					      view_column(&views[v], views[v].sort), false), 0);
		assert_int_equal(rows.n, 0);
	}
}

static void take_shown(const char *spec, const char *shown, int err, const char *expected)
{
	const struct view *view = view_find("exporters");
	struct column_list list = { 0 };
	char names[256] = "", *unknown = NULL;
	uint32_t i;

	assert_int_equal(column_list_parse(&list, view, spec, shown, &unknown), err);
	if (err) {
		assert_string_equal(unknown, expected);
	} else {
		for (i = 0; i < list.n; i++)
			sprintf(names + strlen(names), "%s%s", i ? "," : "", list.columns[i]->name);
		assert_string_equal(names, expected);
		assert_null(unknown);
	}
	free(unknown);
	free(list.columns);
}

static void take(const char *spec, int err, const char *expected)
{
	take_shown(spec, NULL, err, expected);
}

/* Text shows the columns with a width; '+' appends a column of programs behind these. */
static void columns_for_text(void)
{
	const struct column *c, *hidden = NULL;
	const struct view *view;
	struct column_list list = { 0 };
	char *unknown = NULL, spec[64];
	uint32_t n = 0;

	for (view = views; !hidden; view++)
		for (c = view->columns, n = 0; c->name; c++) {
			n += c->width != 0;
			hidden = c->width ? hidden : c;
		}
	view--;
	assert_int_equal(column_list_parse(&list, view, NULL, COLUMNS_FOR_TEXT, &unknown), 0);
	assert_int_equal(list.n, n);
	snprintf(spec, sizeof(spec), "+%s,+%s", hidden->name, list.columns[0]->name);
	assert_int_equal(column_list_parse(&list, view, spec, COLUMNS_FOR_TEXT, &unknown), 0);
	assert_int_equal(list.n, n + 1);
	assert_ptr_equal(list.columns[n], hidden);
	free(list.columns);
}

/* Each view of the screen is complete, and its tab leaves room for nine in 80 cells. */
static void screens(void **state)
{
	size_t cells = 0;
	enum view_id v;
	int n = 0;

	(void)state;
	for (v = 0; v < VIEWS; v++) {
		const struct screen_view *view = &screen_views[v];
		const struct column *c;

		if (!view->data)
			continue;
		assert_ptr_equal(view->data, &views[v]);
		assert_int_equal(view->key, '1' + n++);
		cells += strlen("1  ") + strlen(view->tab);
		assert_true(view->help && view->enter && view->legend);
		assert_true(view->id && view->role && view->name);
		assert_true(view->chart || view->holds || view->buffer);
		assert_true(!view->held || view->n_strings);
		for (c = view->own; c && c->name; c++)
			assert_ptr_equal(screen_column(view, c->name), c);
	}
	assert_true(cells + (9 - n) * strlen("9 Memory ") < 80);
}

static void column_lists(void **state)
{
	(void)state;
	take(NULL, 0, "exporter,buffers,bytes");
	take("bytes", 0, "bytes");
	take("bytes,exporter", 0, "bytes,exporter");
	take("bytes,bytes", 0, "bytes,bytes");
	take("+bytes", 0, "exporter,buffers,bytes");
	take("+bytes,+buffers", 0, "exporter,buffers,bytes");
	take_shown(NULL, "bytes,exporter", 0, "bytes,exporter");
	take_shown("buffers", "bytes", 0, "buffers");
	take_shown("+exporter,bytes,buffers", "bytes", 0, "bytes,exporter,buffers");
	take_shown("+none", "bytes", -EINVAL, "none");
	columns_for_text();
	take("", -EINVAL, "");
	take("+", -EINVAL, "");
	take(",", -EINVAL, "");
	take("bytes,", -EINVAL, "");
	take("bytes,,buffers", -EINVAL, "");
	take("bytes,size", -EINVAL, "size");
	take("Bytes", -EINVAL, "Bytes");
	take(" bytes", -EINVAL, " bytes");
	take("byte", -EINVAL, "byte");
	take("bytesx", -EINVAL, "bytesx");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tables),
		TEST(nothing_known),
		TEST(all_known),
		TEST(age),
		TEST(sorting),
		TEST(many_rows),
		TEST(filtered),
		TEST(column_lists),
		TEST(screens),
	};

	return cmocka_run_group_tests_name("columns", tests, NULL, NULL);
}
