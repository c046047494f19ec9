/* SPDX-License-Identifier: GPL-2.0-only */
/* JSON, written as it comes: nothing is kept. */
#ifndef _TAPDROP_JSON_H
#define _TAPDROP_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* An object or array that is being written. */
struct json;

enum json_type {
	JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_DOUBLE, JSON_FRACTION,
	JSON_TEXT, JSON_OBJECT, JSON_ARRAY,
};

/**
 * struct json_value - what json_add() can write
 * @type: which of the others it is
 * @text: string
 * @n: number, or truth
 * @d: number with decimals
 */
struct json_value {
	enum json_type type;
	union {
		const char *text;
		uint64_t n;
		double d;
	};
};

struct json *json_new(FILE *f, struct json_value value);
struct json *json_add(struct json *to, const char *key,
		      struct json_value value);
void json_end(struct json *root);

static inline struct json_value json_object(void)
{
	return (struct json_value){ .type = JSON_OBJECT };
}

static inline struct json_value json_array(void)
{
	return (struct json_value){ .type = JSON_ARRAY };
}

static inline struct json_value json_null(void)
{
	return (struct json_value){ .type = JSON_NULL };
}

static inline struct json_value json_bool(bool is_so)
{
	return (struct json_value){ .type = JSON_BOOL, .n = is_so };
}

static inline struct json_value json_number(uint64_t n)
{
	return (struct json_value){ .type = JSON_NUMBER, .n = n };
}

static inline struct json_value json_double(double d)
{
	return (struct json_value){ .type = JSON_DOUBLE, .d = d };
}

/* With three decimals. */
static inline struct json_value json_fraction(double d)
{
	return (struct json_value){ .type = JSON_FRACTION, .d = d };
}

/* Of any bytes; those that are no UTF-8 become \xNN, as in tables. */
static inline struct json_value json_text(const char *s)
{
	return (struct json_value){ .type = JSON_TEXT, .text = s };
}

#endif /* _TAPDROP_JSON_H */
