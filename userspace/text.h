/* SPDX-License-Identifier: GPL-2.0-only */
/* Text for people: names of any bytes, numbers, ages, times. */
#ifndef _TAPDROP_TEXT_H
#define _TAPDROP_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>

size_t text_width(const char *s, size_t *len);
size_t text_cut(const char *s, size_t len, size_t width);
size_t plain_text(const char *s);
char *utf8_text(const char *s);
void need_locale(void);
const char *clean_text(char *dst, size_t size, const char *src);
char *put_number(char *end, uint64_t n);
const char *age(char dst[32], uint64_t ms);
const char *timestamp_of(char dst[40], const struct timeval *time);
const char *timestamp(char dst[40]);
int parse_number(const char *s, uint64_t max, uint64_t *n);

#endif /* _TAPDROP_TEXT_H */
