/* SPDX-License-Identifier: GPL-2.0-only */
/* Write JSON, piece by piece. */
#ifndef _TAPDROP_JSON_H
#define _TAPDROP_JSON_H

#include "history.h"

/**
 * struct json - a text that is being written
 * @f: where to
 * @pretty: on many lines
 * @depth: how many brackets are open
 * @more: something stands before, in the innermost bracket
 *
 * Begin with only the first two set. A key is NULL in an array.
 */
struct json {
	FILE *f;
	bool pretty;
	unsigned int depth;
	bool more;
};

void json_open(struct json *j, const char *key, char bracket);
void json_close(struct json *j, char bracket);
void json_string(struct json *j, const char *key, const char *s);
void json_number(struct json *j, const char *key, uint64_t n);
void json_fraction(struct json *j, const char *key, double n);

void json_device(struct json *j, const char *key, const struct source *src,
		 const struct tapdrop_device *dev, const struct history *h,
		 size_t n);

/* JSON on standard output, as the options want it. */
#define JSON_OUTPUT	((struct json){ .f = stdout, .pretty = opt.pretty })

#endif /* _TAPDROP_JSON_H */
