// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON, written as it comes. A library that makes a tree of it first takes more
 * than all of "ip -s link" on a large host, most of it for memory ("make
 * bench").
 */
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "options.h"
#include "text.h"
#include "writer.h"
#include "xalloc.h"

#define MAX_DEPTH	8

/**
 * struct json - an object or array that is being written
 * @doc: document that it is in
 * @closing: bracket that ends it
 * @empty: there is nothing in it yet
 */
struct json {
	struct document *doc;
	char closing;
	bool empty;
};

/**
 * struct document - a text of JSON
 * @out: where it goes
 * @levels: the root, and what is open in it, each in the one before
 * @depth: how many of @levels are open
 */
struct document {
	struct writer out;
	struct json levels[MAX_DEPTH];
	size_t depth;
};

static void put_escaped(struct writer *out, unsigned char c)
{
	static const char letters[] = "btn?fr", hex[] = "0123456789abcdef";

	if (c >= ' ' && c != '"' && c != '\\') {
		writer_char(out, c);
		return;
	}
	writer_char(out, '\\');
	if (c >= ' ') {
		writer_char(out, c);
	} else if (c >= '\b' && c <= '\r' && c != '\v') {
		writer_char(out, letters[c - '\b']);
	} else {
		writer_text(out, "u00");
		writer_char(out, hex[c >> 4]);
		writer_char(out, hex[c & 15]);
	}
}

static void put_text(struct writer *out, const char *s)
{
	size_t len = plain_text(s);
	char *clean, *p;

	writer_char(out, '"');
	writer_bytes(out, s, len);
	if (s[len]) {
		clean = utf8_text(s);
		for (p = clean + len; *p; p++)
			put_escaped(out, *p);
		free(clean);
	}
	writer_char(out, '"');
}

static void put_double(struct writer *out, const char *fmt, double d)
{
	char s[32];

	snprintf(s, sizeof(s), fmt, d);
	writer_text(out, s);
	/* Whoever reads it shall take it for no integer. */
	if (!strpbrk(s, ".e"))
		writer_text(out, ".0");
}

static void put_scalar(struct writer *out, struct json_value value)
{
	switch (value.type) {
	case JSON_TEXT:
		put_text(out, value.text);
		break;
	case JSON_NUMBER:
		writer_number(out, value.n);
		break;
	case JSON_BOOL:
		writer_text(out, value.n ? "true" : "false");
		break;
	case JSON_DOUBLE:
		put_double(out, "%.17g", value.d);
		break;
	case JSON_FRACTION:
		put_double(out, "%.3f", value.d);
		break;
	default:
		writer_text(out, "null");
	}
}

/* A line begins two blanks further right for each level that is open. */
static void break_line(struct document *doc)
{
	size_t i;

	if (!opt.pretty)
		return;
	writer_char(&doc->out, '\n');
	for (i = 0; i < doc->depth; i++)
		writer_text(&doc->out, "  ");
}

static struct json *open_level(struct document *doc, enum json_type type)
{
	struct json *level = &doc->levels[doc->depth++];

	if (doc->depth > MAX_DEPTH)
		abort();
	writer_char(&doc->out, type == JSON_ARRAY ? '[' : '{');
	*level = (struct json){
		.doc = doc,
		.closing = type == JSON_ARRAY ? ']' : '}',
		.empty = true,
	};
	return level;
}

static void close_level(struct document *doc)
{
	const struct json *level = &doc->levels[--doc->depth];

	if (!level->empty)
		break_line(doc);
	writer_char(&doc->out, level->closing);
}

static void put_key(struct writer *out, const char *key)
{
	put_text(out, key);
	writer_text(out, opt.pretty ? ": " : ":");
}

/**
 * json_new() - begin a text
 * @f: where it goes
 * @value: json_object() or json_array()
 *
 * Return: the object or array, to be ended with json_end().
 */
struct json *json_new(FILE *f, struct json_value value)
{
	struct document *doc = xrealloc(NULL, 1, sizeof(*doc));

	writer_open(&doc->out, f);
	doc->depth = 0;
	return open_level(doc, value.type);
}

/**
 * json_add() - write a value
 * @to: object or array that it is in; what is open inside of it ends
 * @key: its key, or NULL in an array
 * @value: the value
 *
 * Return: @to, or the object or array that @value begins.
 */
struct json *json_add(struct json *to, const char *key,
		      struct json_value value)
{
	struct document *doc = to->doc;

	while (to != &doc->levels[doc->depth - 1])
		close_level(doc);
	if (!to->empty)
		writer_char(&doc->out, ',');
	to->empty = false;
	break_line(doc);
	if (key)
		put_key(&doc->out, key);
	if (value.type == JSON_OBJECT || value.type == JSON_ARRAY)
		return open_level(doc, value.type);
	put_scalar(&doc->out, value);
	return to;
}

/**
 * json_end() - end a text, and all that is open in it, with a line break
 * @root: what json_new() began
 */
void json_end(struct json *root)
{
	struct document *doc = root->doc;

	while (doc->depth)
		close_level(doc);
	writer_char(&doc->out, '\n');
	writer_flush(&doc->out);
	free(doc);
}
