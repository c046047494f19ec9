/* SPDX-License-Identifier: GPL-2.0-only */
/* JSON: what json-c leaves to us. */
#ifndef _TAPDROP_JSON_H
#define _TAPDROP_JSON_H

#include <stdio.h>

#include <json-c/json.h>

struct json_object *json_need(struct json_object *o);
struct json_object *json_add(struct json_object *to, const char *key,
			     struct json_object *value);
void json_add_null(struct json_object *to, const char *key);
struct json_object *json_text(const char *s);
struct json_object *json_fraction(double n);
void json_print(struct json_object *o, FILE *f);

#endif /* _TAPDROP_JSON_H */
