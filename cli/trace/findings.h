/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The output of findings: text, JSON, JUnit, annotations; and the known and suppressed findings.
 * The model judges (model/leaks.h).
 */
#ifndef FINDINGS_H
#define FINDINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "model/leaks.h"
#include "model/stack.h"

/* The innermost first: the kernel's, then the program's. Zero is empty. */
struct finding_frames {
	struct stack_frame *rows;
	uint32_t n, room;
};

/* One line of a suppressions file. */
struct suppression {
	char *pattern;
	uint64_t findings, bytes;	/* suppressed by the line */
};

struct suppressions {
	struct suppression *rules;
	uint32_t n, room;
};

/* The identity of a known finding; no string is NULL. */
#define BASELINE_FUNCTIONS 5
struct known_finding {
	unsigned int kind;
	char *exporter, *comm;		/* "" unknown */
	char *functions[BASELINE_FUNCTIONS];	/* "" no more */
};

struct baseline {
	struct known_finding *known;
	uint32_t n, room;
};

/* Stacks of one finding */
struct finding_stacks {
	struct finding_frames exported, begun;
};

struct findings {
	const struct leaks *leaks;
	struct finding_stacks *stacks;	/* as many as findings */
	struct suppressions suppressions;
	struct baseline baseline;
	uint32_t fail_on;		/* 1 << kind; 0: all errors */
	/* The command */
	char **command;			/* NULL none */
	uint32_t pid;
	int status;			/* the command's */
	bool full;			/* print all buffers in text */
	uint64_t lost;
	const char *incomplete;		/* reason of an incomplete verdict, NULL: complete */
};

/* Numbers and sizes of findings. */
struct findings_sum {
	uint64_t leaks, warnings, buffers, bytes;	/* errors; others; of errors */
	uint64_t suppressed, suppressed_bytes, known;
	uint64_t failing;
};

/*
 * Frames of two stacks' numbers, put into an empty list; strings are the callee's and good until
 * the findings are freed. Returns 0 or -ENOMEM.
 */
typedef int finding_resolver(void *ctx, struct leak_stack stack, struct finding_frames *frames);

/* Look up stacks, suppressions and the baseline for the findings of leaks. 0 or -ENOMEM. */
int findings_prepare(struct findings *findings, struct leaks *leaks, finding_resolver *resolve,
		     void *ctx);
void findings_sum(const struct findings *findings, struct findings_sum *sum);
/* Whether a finding fails the command. */
bool finding_fails(const struct findings *findings, const struct leak_finding *f);
/* "error", "warning" */
const char *finding_severity(const struct leak_finding *f);
void findings_free(struct findings *findings);

/* Bytes with a unit: "16 KiB". Returns buf, of 16 bytes or more. */
char *finding_size(char *buf, uint64_t bytes);

/* Finding i as text, in several lines. */
void finding_text(FILE *out, const struct findings *findings, uint32_t i, uint32_t number);
/* All return 0, -ENOMEM or -EIO. */
int findings_text(FILE *out, const struct findings *findings);
/* Print a workflow command of GitHub Actions for each finding that is not suppressed or known. */
int findings_annotate(FILE *out, const struct findings *findings);
int findings_json(FILE *out, const struct findings *findings);
/* Write a file. Return 0 or -errno. */
int findings_junit(const char *path, const struct findings *findings);

/*
 * Read and write suppressions and baselines. Return 0, or -errno with one line in error, which
 * includes the name of the file.
 */
int suppressions_read(struct suppressions *suppressions, const char *path, char *error,
		      size_t room);
/* Whether a pattern as in LeakSanitizer's suppressions is in text: * anything, ^ and $ its ends. */
bool suppression_matches(const char *pattern, const char *text);
int baseline_read(struct baseline *baseline, const char *path, char *error, size_t room);
int baseline_write(const char *path, const struct findings *findings, char *error, size_t room);
/* Whether the baseline has finding i. */
bool baseline_knows(const struct baseline *baseline, const struct findings *findings, uint32_t i);

#endif
