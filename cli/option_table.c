// SPDX-License-Identifier: GPL-2.0
/* Options from a table: parsing, --help, errors, values for completion; see option_table.h. */
#include "option_table.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/filter.h"
#include "model/hash.h"

#define MAX_OPTIONS 64
/* Value of getopt_long() for the first row, above all letters */
#define FIRST_OPTION 256
#define LIST_VALUES "--list-values="
#define HELP_COLUMN 27

struct found {
	const struct option_spec *spec;
	size_t at;			/* offset of the group's struct */
};

/* All rows in the order of the table. */
struct option_rows {
	struct found found[MAX_OPTIONS];
	struct option options[MAX_OPTIONS + 1];
	char letters[3 * MAX_OPTIONS];
	int n;
};

static void add_row(struct option_rows *rows, const struct option_spec *spec, size_t at)
{
	char *end = rows->letters + strlen(rows->letters);
	int has = !spec->argument ? no_argument :
		  spec->optional ? optional_argument : required_argument;

	if (rows->n == MAX_OPTIONS)
		abort();		/* a constant table: the first run finds the error */
	rows->found[rows->n] = (struct found){ spec, at };
	rows->options[rows->n] = (struct option){ spec->name, has, NULL, FIRST_OPTION + rows->n };
	if (spec->letter)
		snprintf(end, 4, "%c%s", spec->letter, has == no_argument ? "" :
			 spec->optional ? "::" : ":");
	rows->n++;
}

static void read_table(struct option_rows *rows, const struct option_table *table)
{
	const struct option_group *group;
	const struct option_spec *spec;

	memset(rows, 0, sizeof(*rows));
	if (table->runs)
		strcpy(rows->letters, "+");
	for (group = table->groups; group->specs; group++)
		for (spec = group->specs; spec->name; spec++)
			add_row(rows, spec, group->at);
}

static const struct found *find_letter(const struct option_rows *rows, int letter)
{
	for (int i = 0; i < rows->n; i++)
		if (rows->found[i].spec->letter == letter)
			return &rows->found[i];
	return NULL;
}

/* "auto, kprobe, fentry" */
static void print_values(FILE *out, const struct option_spec *spec, const char *between)
{
	for (unsigned int i = 0; spec->value(i); i++)
		fprintf(out, "%s%s", i ? between : "", spec->value(i));
}

static int print_name(FILE *out, const struct option_spec *spec, bool first)
{
	int len = 0;

	if (spec->letter)
		len += fprintf(out, "-%c, ", spec->letter);
	else if (first)
		len += fprintf(out, "    ");
	len += fprintf(out, "--%s", spec->name);
	if (spec->argument)
		len += fprintf(out, spec->optional ? "[=%s]" : "=%s", spec->argument);
	return len;
}

static void print_help_text(FILE *out, const struct option_spec *spec, int column)
{
	const char *at;

	fprintf(out, "%*s", column < HELP_COLUMN ? HELP_COLUMN - column : 2, "");
	for (at = spec->help; *at; at++) {
		if (*at == '%' && at[1] == 's') {
			print_values(out, spec, ", ");
			at++;
		} else if (*at == '\n') {
			fprintf(out, "\n%*s", HELP_COLUMN, "");
		} else {
			fputc(*at, out);
		}
	}
	fputc('\n', out);
}

/* Print a row and the rows without help text behind it in one line. */
static const struct option_spec *print_rows(FILE *out, const struct option_spec *spec)
{
	const struct option_spec *first = spec;
	int column = 2;

	fputs("  ", out);
	column += print_name(out, spec, true);
	for (spec++; spec->name && (!spec->help || spec->hidden); spec++) {
		if (spec->hidden)
			continue;
		column += fprintf(out, "%s", *first->help ? ", " : "  ");
		column += print_name(out, spec, false);
	}
	if (*first->help)
		print_help_text(out, first, column);
	else
		fputc('\n', out);
	return spec;
}

static void print_help(FILE *out, const struct option_table *table)
{
	const struct option_group *group;
	const struct option_spec *spec;

	fputs(table->usage, out);
	for (group = table->groups; group->specs; group++) {
		if (group->title)
			fprintf(out, "%s\n", group->title);
		for (spec = group->specs; spec->name;)
			spec = spec->hidden ? spec + 1 : print_rows(out, spec);
	}
}

/* For completion: a value on each line, or the kind of argument: FILE, PID[,PID]. */
static int list_values(const struct option_rows *rows, const char *name)
{
	const struct option_spec *spec;

	name += strspn(name, "-");
	for (int i = 0; i < rows->n; i++) {
		spec = rows->found[i].spec;
		if (strcmp(name, spec->name) && (!spec->letter || spec->letter != *name || name[1]))
			continue;
		if (spec->value) {
			print_values(stdout, spec, "\n");
			putchar('\n');
		} else if (spec->argument) {
			puts(spec->argument);
		}
		return EXIT_OK;
	}
	return EXIT_USAGE;
}

/* "at least 64K" */
static void print_limit(const char *words, double limit, bool size)
{
	static const char *const units[] = { "", "K", "M", "G", "T" };
	int unit = 0;

	while (size && unit < 4 && limit >= 1024 && !fmod(limit, 1024)) {
		limit /= 1024;
		unit++;
	}
	fprintf(stderr, "%s%.10g%s", words, limit, units[unit]);
}

/* "seconds, 0.1 to 86400, or 0" */
static void print_expected(const struct option_spec *spec)
{
	static const char *const units[] = {
		[OPTION_SECONDS] = "seconds", [OPTION_NUMBER] = "a number",
		[OPTION_SIZE] = "bytes, or K, M, G, T",
	};
	bool size = spec->type == OPTION_SIZE;

	if (spec->value) {
		print_values(stderr, spec, ", ");
		return;
	}
	if (spec->type < OPTION_SECONDS) {
		fputs(spec->argument, stderr);
		return;
	}
	fputs(units[spec->type], stderr);
	if (spec->most && !size)
		fprintf(stderr, ", %.10g to %.10g", spec->least, spec->most);
	else if (spec->most)
		print_limit(", at most ", spec->most, size);
	if (spec->least && (!spec->most || size))
		print_limit(", at least ", spec->least, size);
	if (spec->zero)
		fputs(", or 0", stderr);
}

int option_invalid(const struct option_use *use, const char *arg, size_t len)
{
	fprintf(stderr, "%s: invalid --%s '%.*s' (", use->table->command, use->spec->name,
		(int)len, arg);
	print_expected(use->spec);
	fputs(")\n", stderr);
	return EXIT_USAGE;
}

int option_value_next(const struct option_use *use, const char **arg)
{
	size_t len = strcspn(*arg, ",");
	int i = name_find(use->spec->value, *arg, len);

	if (i < 0)
		option_invalid(use, *arg, len);
	*arg = (*arg)[len] ? *arg + len + 1 : NULL;
	return i;
}

static bool in_range(const struct option_spec *spec, double n)
{
	return (n >= spec->least && (!spec->most || n <= spec->most)) || (spec->zero && !n);
}

static bool parse_seconds(const struct option_spec *spec, const char *arg, double *seconds)
{
	char *end;

	errno = 0;
	*seconds = strtod(arg, &end);
	return !errno && end != arg && !*end && isfinite(*seconds) && in_range(spec, *seconds);
}

static bool parse_number(const struct option_spec *spec, const char *arg, long *number)
{
	char *end;

	errno = 0;
	*number = strtol(arg, &end, 10);
	return !errno && end != arg && !*end && in_range(spec, *number);
}

static int parse_value(const struct option_use *use, void *field, const char *arg)
{
	const struct option_spec *spec = use->spec;
	int i = spec->value ? name_find(spec->value, arg, strlen(arg)) : 0;
	bool good = i >= 0;

	switch (spec->type) {
	case OPTION_WORD:
	case OPTION_TEXT:
		*(const char **)field = arg;
		break;
	case OPTION_CHOICE:
		*(unsigned int *)field = i;
		break;
	case OPTION_SECONDS:
		good = parse_seconds(spec, arg, field);
		break;
	case OPTION_NUMBER:
		good = parse_number(spec, arg, field);
		break;
	default:
		good = !filter_parse_size(arg, field) && in_range(spec, *(uint64_t *)field);
	}
	return good ? OPTIONS_GO : option_invalid(use, arg, strlen(arg));
}

static int parse_option(const struct option_use *use, char *data, const char *arg)
{
	const struct option_spec *spec = use->spec;

	if (spec->given)
		*(bool *)(data + spec->given) = true;
	if (!arg)
		arg = spec->otherwise;
	if (spec->type == OPTION_CALL)
		return spec->parse(data, use, arg);
	if (spec->type == OPTION_FLAG) {
		*(bool *)(data + spec->at) = true;
		return OPTIONS_GO;
	}
	return parse_value(use, data + spec->at, arg);
}

/*
 * Reject a word behind an option with an optional value, if the word looks like a value:
 * "--compress 9" would run a command "9".
 */
static int check_next(const struct option_use *use, const char *next)
{
	const struct option_spec *spec = use->spec;
	bool value = spec->value ? name_find(spec->value, next, strcspn(next, ",")) >= 0 :
		     isdigit((unsigned char)*next) || strchr(next, ':');

	if (!value)
		return OPTIONS_GO;
	fprintf(stderr, "%s: --%s %s: the value requires '='; use --%s=%s\n",
		use->table->command, spec->name, next, spec->name, next);
	return EXIT_USAGE;
}

int option_table_parse(const struct option_table *table, void *data, int argc, char **argv)
{
	int opt, status = OPTIONS_GO;
	struct option_rows rows;

	read_table(&rows, table);
	if (argc > 1 && !strncmp(argv[1], LIST_VALUES, strlen(LIST_VALUES)))
		return list_values(&rows, argv[1] + strlen(LIST_VALUES));
	while (status == OPTIONS_GO &&
	       (opt = getopt_long(argc, argv, rows.letters, rows.options, NULL)) != -1) {
		const struct found *found = opt >= FIRST_OPTION ?
			&rows.found[opt - FIRST_OPTION] : find_letter(&rows, opt);
		struct option_use use = { table, found ? found->spec : NULL };

		if (!found) {
			/* getopt_long() printed the reason */
			fprintf(stderr, "Try '%s --help'\n", table->command);
			return EXIT_USAGE;
		}
		if (found->spec->letter == 'h') {
			print_help(stdout, table);
			return EXIT_OK;
		}
		if (found->spec->optional && !optarg && optind < argc)
			status = check_next(&use, argv[optind]);
		if (status == OPTIONS_GO)
			status = parse_option(&use, (char *)data + found->at, optarg);
	}
	return status;
}
