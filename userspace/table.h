/* SPDX-License-Identifier: GPL-2.0-only */
/* Tables of text. */
#ifndef _TAPDROP_TABLE_H
#define _TAPDROP_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/**
 * enum style - how a cell looks where there is colour
 * @STYLE_NONE: like any text
 * @STYLE_BOLD: bold
 * @STYLE_DIM: dim
 * @STYLE_RED: red
 */
enum style {
	STYLE_NONE,
	STYLE_BOLD,
	STYLE_DIM,
	STYLE_RED,
};

/**
 * struct column - a column of a table
 * @name: heading
 * @right: numbers: align to the right
 * @spare: where a limited table is too wide, columns go, those with the highest
 *	number first; 0 for one that stays
 */
struct column {
	const char *name;
	bool right;
	unsigned int spare;
};

struct table;

struct table *table_new(const struct column *columns, size_t n);
size_t table_columns(const struct table *t);
void table_text(struct table *t, enum style style, const char *s);
void table_number(struct table *t, enum style style, uint64_t n);
void table_repeat(struct table *t, enum style style);
void table_limit(struct table *t, size_t width, size_t rows);
void table_print(const struct table *t, FILE *f);
void table_free(struct table *t);

#endif /* _TAPDROP_TABLE_H */
