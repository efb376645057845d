/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Values as people read them, and hostile bytes made safe to show. Depends on nothing of ours;
 * needs setlocale() to have been called.
 */
#ifndef OUTPUT_TEXT_H
#define OUTPUT_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Room that any string of n bytes needs at most when made safe, NUL included. */
#define TEXT_SAFE_ROOM(n) ((n) * 4 + 1)

/*
 * Copies src for a terminal: what the locale can print stays, every other byte (control
 * characters, invalid sequences, marks that turn the text's direction or cannot be seen) becomes
 * \xNN. Cuts at a whole character when room is short. Returns the length.
 */
size_t text_safe(char *dst, size_t room, const char *src);

/* Copies src as valid UTF-8 in any locale: bytes that are not become \xNN. Returns the length. */
size_t text_utf8(char *dst, size_t room, const char *src);

/* Columns that a string made by text_safe() takes on the screen. */
int text_width(const char *s);

/* Bytes with three digits and a unit of 1024: 16.0M, 612K, 0. Returns dst, of 8 bytes or more. */
char *text_size(char *dst, uint64_t bytes);

/* A count with three digits and a unit of 1000 from 10,000 on: 9999, 10.0K. dst as above. */
char *text_count(char *dst, uint64_t n);

/* A rate, given in thousandths: 0, 29.9, 128, 10.0K. dst as above. */
char *text_rate(char *dst, uint64_t thousandths);

/* A duration with three digits: 812ns, 41.2us, 3.21ms, 1.10s. Returns dst, of 16 bytes at least. */
char *text_ns(char *dst, uint64_t ns);

/* A time since 1970 in ns, as the clock here has it: 14:02:31.004117. Returns dst, of 24 bytes. */
char *text_time(char *dst, uint64_t ns);

/* An age in seconds: 14:07, 2:10:07, 3d04h. Returns dst, of 24 bytes at least. */
char *text_age(char *dst, uint64_t seconds);

#endif
