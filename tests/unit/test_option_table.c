// SPDX-License-Identifier: GPL-2.0
/* Parsing, --help and the values for completion, all from one table. */
#include "option_table.h"
#include "fixture.h"

#include <getopt.h>
#include <unistd.h>

struct data {
	bool flag, given;
	const char *text, *word;
	unsigned int choice;
	double seconds;
	long number;
	uint64_t size;
	int calls;
};

static const char *colour(unsigned int i)
{
	static const char *const names[] = { "red", "green", "blue", NULL };

	return names[i];
}

static int add_colours(void *data, const struct option_use *use, const char *arg)
{
	while (arg) {
		int i = option_value_next(use, &arg);

		if (i < 0)
			return EXIT_USAGE;
		((struct data *)data)->calls += 1 << i;
	}
	return OPTIONS_GO;
}

#define AT(field) .at = offsetof(struct data, field)

static const struct option_spec specs[] = {
	{ "flag", 'f', OPTION_FLAG, AT(flag), .help = "set a flag" },
	{ "text", 't', OPTION_TEXT, "FILE", AT(text), .help = "read FILE" },
	{ "word", 0, OPTION_WORD, "WORD", AT(word), .value = colour, .help = "one of\n%s" },
	{ "choice", 0, OPTION_CHOICE, "WORD", AT(choice), .value = colour },
	{ "seconds", 0, OPTION_SECONDS, "SECONDS", AT(seconds), .least = 0.5, .most = 60,
	  .zero = true, .given = offsetof(struct data, given), .help = "wait" },
	{ "level", 0, OPTION_NUMBER, "N", .optional = true, .otherwise = "3", AT(number), .least = 1,
	  .most = 19, .help = "compress" },
	{ "size", 0, OPTION_SIZE, "SIZE", AT(size), .least = 1, .help = "a long argument here" },
	{ "colours", 'c', OPTION_CALL, "WORD,...", .parse = add_colours, .value = colour,
	  .help = "all" },
	{ "hidden", 0, OPTION_FLAG, .hidden = true, AT(flag) },
	{ 0 }
};

static const struct option_spec last[] = {
	{ "quiet", 'q', OPTION_FLAG, AT(flag), .help = "" },
	{ "help", 'h', .type = OPTION_CALL },
	{ 0 }
};

static const struct option_table table = {
	"tool", "Usage: tool\n",
	.groups = (const struct option_group[]) {
		{ "First:", specs, 0 }, { NULL, last, 0 }, { 0 }
	},
	.runs = true,
};

static int parse(struct data *data, char *words[])
{
	char *argv[8] = { "tool" };
	int argc;

	for (argc = 1; words[argc - 1]; argc++)
		argv[argc] = words[argc - 1];
	memset(data, 0, sizeof(*data));
	optind = 0;
	return option_table_parse(&table, data, argc, argv);
}

#define PARSE(data, ...) parse(data, (char *[]){ __VA_ARGS__, NULL })

static void fields(void **state)
{
	struct data d;

	(void)state;
	assert_int_equal(PARSE(&d, "-f", "--text=a", "--word", "blue", "--choice=green"),
			 OPTIONS_GO);
	assert_true(d.flag && !d.given);
	assert_string_equal(d.text, "a");
	assert_string_equal(d.word, "blue");
	assert_int_equal(d.choice, 1);
	assert_int_equal(PARSE(&d, "--seconds=0.5", "--level=19", "--size=3K", "-c", "red,blue"),
			 OPTIONS_GO);
	assert_true(d.seconds == 0.5 && d.given && d.number == 19 && d.size == 3072);
	assert_int_equal(d.calls, 5);
	assert_int_equal(PARSE(&d, "--level", "--seconds=0", "true", "-f"), OPTIONS_GO);
	assert_true(d.number == 3 && d.seconds == 0 && !d.flag);
	assert_int_equal(optind, 3);
}

static void wrong(void **state)
{
	static char *const words[] = {
		"--word=bluer", "--word=", "--choice=gre", "--seconds=0.4", "--seconds=61",
		"--seconds=1s", "--seconds=nan", "--level=0", "--level=20", "--level=3.5",
		"--size=0", "--size=x",
		"--colours=red,", "--colours=", "--nothing", "-t",
	};
	struct data d;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(words); i++)
		assert_int_equal(PARSE(&d, words[i]), EXIT_USAGE);
}

/* "--level 9 true" would run a command "9". */
static void optional_values_need_equals(void **state)
{
	struct data d;

	(void)state;
	assert_int_equal(PARSE(&d, "--level", "9", "true"), EXIT_USAGE);
	assert_int_equal(PARSE(&d, "--level", "nine"), OPTIONS_GO);
}

/* Runs the words with stdout in a file; returns the text. */
static const char *printed(const char *word)
{
	static char text[2048];
	FILE *file = tmpfile();
	int saved = dup(STDOUT_FILENO);
	struct data d;
	size_t n;

	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	assert_int_equal(PARSE(&d, (char *)word), EXIT_OK);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	rewind(file);
	n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = '\0';
	fclose(file);
	return text;
}

static void help(void **state)
{
	(void)state;
	assert_string_equal(printed("--help"),
		"Usage: tool\n"
		"First:\n"
		"  -f, --flag               set a flag\n"
		"  -t, --text=FILE          read FILE\n"
		"      --word=WORD, --choice=WORD  one of\n"
		"                           red, green, blue\n"
		"      --seconds=SECONDS    wait\n"
		"      --level[=N]          compress\n"
		"      --size=SIZE          a long argument here\n"
		"  -c, --colours=WORD,...   all\n"
		"  -q, --quiet  -h, --help\n");
}

static void values(void **state)
{
	(void)state;
	assert_string_equal(printed("--list-values=--word"), "red\ngreen\nblue\n");
	assert_string_equal(printed("--list-values=-c"), "red\ngreen\nblue\n");
	assert_string_equal(printed("--list-values=text"), "FILE\n");
	assert_string_equal(printed("--list-values=flag"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields),
		cmocka_unit_test(wrong),
		cmocka_unit_test(optional_values_need_equals),
		cmocka_unit_test(help),
		cmocka_unit_test(values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
