// SPDX-License-Identifier: GPL-2.0-only
/* JSON: what json-c leaves to us. */
#include <stdlib.h>

#include "json.h"
#include "options.h"
#include "text.h"
#include "xalloc.h"

/**
 * json_need() - end the tool if there was no memory for a value
 * @o: new value, or NULL if there was no memory for it
 *
 * Return: @o.
 */
struct json_object *json_need(struct json_object *o)
{
	if (!o)
		out_of_memory();
	return o;
}

/**
 * json_add() - put a value where it belongs
 * @to: object or array that takes it
 * @key: its key, or NULL in an array
 * @value: new value, or NULL if there was no memory for it
 *
 * Return: @value.
 */
struct json_object *json_add(struct json_object *to, const char *key,
			     struct json_object *value)
{
	json_need(value);
	if (key ? json_object_object_add(to, key, value) :
		  json_object_array_add(to, value))
		out_of_memory();
	return value;
}

/**
 * json_add_null() - say that a value is not known
 * @to: object
 * @key: its key
 */
void json_add_null(struct json_object *to, const char *key)
{
	if (json_object_object_add(to, key, NULL))
		out_of_memory();
}

/**
 * json_text() - make a string
 * @s: string of any bytes; those that are no UTF-8 become \xNN, as in tables
 *
 * Return: the string, or NULL.
 */
struct json_object *json_text(const char *s)
{
	char *clean = utf8_text(s);
	struct json_object *o = json_object_new_string(clean);

	free(clean);
	return o;
}

/**
 * json_fraction() - make a number with three decimals
 * @n: number
 *
 * Return: the number, or NULL.
 */
struct json_object *json_fraction(double n)
{
	char s[32];

	snprintf(s, sizeof(s), "%.3f", n);
	return json_object_new_double_s(n, s);
}

/**
 * json_print() - print a value, as the options want it, and free it
 * @o: value
 * @f: where to
 */
void json_print(struct json_object *o, FILE *f)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;
	const char *s;

	if (opt.pretty)
		flags |= JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	s = json_object_to_json_string_ext(o, flags);
	if (!s)
		out_of_memory();
	fprintf(f, "%s\n", s);
	json_object_put(o);
}
