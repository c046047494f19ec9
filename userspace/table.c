// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables of text. libsmartcols would take fifteen million instructions for the
 * 400 rows of a large host, twice what all of "ip -s link" takes there.
 */
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define MAX_COLUMNS	16

/* Where a cell's text begins in the table's, and how it looks. */
struct cell {
	size_t text;
	uint16_t len;
	uint16_t width;
	enum style style;
};

struct table {
	const struct column *columns;
	size_t n_columns;
	size_t width[MAX_COLUMNS];
	struct cell *cells;
	size_t n_cells;
	size_t max_cells;
	char *text;
	size_t n_text;
	size_t max_text;
};

static const char * const sequences[] = {
	[STYLE_BOLD]	= "\033[1m",
	[STYLE_DIM]	= "\033[2m",
	[STYLE_RED]	= "\033[31m",
};

/**
 * table_new() - make a table without rows
 * @columns: the columns, which must outlive the table
 * @n: their number
 *
 * Cells are added one by one, row by row.
 *
 * Return: the table.
 */
struct table *table_new(const struct column *columns, size_t n)
{
	struct table *t = xrealloc(NULL, 1, sizeof(*t));
	size_t i;

	memset(t, 0, sizeof(*t));
	t->columns = columns;
	t->n_columns = n;
	for (i = 0; i < n; i++)
		t->width[i] = strlen(columns[i].name);
	return t;
}

static struct cell *add_cell(struct table *t)
{
	if (t->n_cells == t->max_cells) {
		t->max_cells = t->max_cells ? 2 * t->max_cells : 256;
		t->cells = xrealloc(t->cells, t->max_cells, sizeof(*t->cells));
	}
	return &t->cells[t->n_cells++];
}

static void add(struct table *t, enum style style, const char *s, size_t len,
		size_t width)
{
	size_t *max = &t->width[t->n_cells % t->n_columns];
	struct cell *cell = add_cell(t);

	if (width > *max)
		*max = width;
	if (t->max_text - t->n_text < len) {
		t->max_text = 2 * t->max_text + len + 4096;
		t->text = xrealloc(t->text, t->max_text, 1);
	}
	*cell = (struct cell){
		.text = t->n_text,
		.len = len,
		.width = width,
		.style = style,
	};
	memcpy(t->text + t->n_text, s, len);
	t->n_text += len;
}

/**
 * table_text() - add a cell
 * @t: table
 * @style: how it looks
 * @s: text, as clean_text() gives it
 */
void table_text(struct table *t, enum style style, const char *s)
{
	add(t, style, s, strlen(s), text_width(s));
}

/**
 * table_number() - add a cell with a number
 * @t: table
 * @style: how it looks
 * @n: number
 */
void table_number(struct table *t, enum style style, uint64_t n)
{
	char buf[20], *start = put_number(buf + sizeof(buf), n);
	size_t len = buf + sizeof(buf) - start;

	add(t, style, start, len, len);
}

static void pad(FILE *f, size_t n)
{
	while (n--)
		putc_unlocked(' ', f);
}

/* A row ends with its last text: no blanks behind it. */
static void print_cell(FILE *f, const struct table *t, size_t column,
		       const char *text, const struct cell *cell)
{
	size_t blanks = t->width[column] - cell->width;
	bool color = opt.color && cell->style && cell->len;

	if (t->columns[column].right)
		pad(f, blanks);
	if (color)
		fputs(sequences[cell->style], f);
	fwrite_unlocked(text, 1, cell->len, f);
	if (color)
		fputs("\033[0m", f);
	if (column == t->n_columns - 1)
		putc_unlocked('\n', f);
	else
		pad(f, (t->columns[column].right ? 0 : blanks) + 2);
}

/**
 * table_print() - print a table with its headings
 * @t: table
 * @f: where to
 */
void table_print(const struct table *t, FILE *f)
{
	size_t i;

	for (i = 0; i < t->n_columns; i++) {
		const char *name = t->columns[i].name;
		struct cell cell = {
			.len = strlen(name),
			.width = strlen(name),
			.style = STYLE_BOLD,
		};

		print_cell(f, t, i, name, &cell);
	}
	for (i = 0; i < t->n_cells; i++)
		print_cell(f, t, i % t->n_columns, t->text + t->cells[i].text,
			   &t->cells[i]);
}

void table_free(struct table *t)
{
	free(t->cells);
	free(t->text);
	free(t);
}
