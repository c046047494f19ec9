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
	size_t max_width;
	size_t max_rows;
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

/**
 * table_limit() - cut what does not fit on the screen
 * @t: table
 * @width: columns, or 0 for no limit
 * @rows: rows, without the headings, or 0 for no limit
 */
void table_limit(struct table *t, size_t width, size_t rows)
{
	t->max_width = width;
	t->max_rows = rows;
}

/* A line, and how many columns are left of it. */
struct line {
	FILE *f;
	size_t left;
};

static void pad(struct line *line, size_t n)
{
	n = n < line->left ? n : line->left;
	line->left -= n;
	while (n--)
		putc_unlocked(' ', line->f);
}

static void put(struct line *line, const char *text, const struct cell *cell)
{
	size_t len = cell->len, width = cell->width;
	bool color;

	if (width > line->left) {
		len = text_cut(text, len, line->left);
		width = line->left;
	}
	line->left -= width;
	color = opt.color && cell->style && len;
	if (color)
		fputs(sequences[cell->style], line->f);
	fwrite_unlocked(text, 1, len, line->f);
	if (color)
		fputs("\033[0m", line->f);
}

/* A row ends with its last text: no blanks behind it. */
static void print_cell(struct line *line, const struct table *t, size_t column,
		       const char *text, const struct cell *cell)
{
	size_t blanks = t->width[column] - cell->width;

	if (!column)
		line->left = t->max_width ? t->max_width : SIZE_MAX;
	if (t->columns[column].right)
		pad(line, blanks);
	put(line, text, cell);
	if (column == t->n_columns - 1)
		putc_unlocked('\n', line->f);
	else
		pad(line, (t->columns[column].right ? 0 : blanks) + 2);
}

/**
 * table_print() - print a table with its headings
 * @t: table
 * @f: where to
 */
void table_print(const struct table *t, FILE *f)
{
	struct line line = { .f = f };
	size_t i, n = t->n_cells;

	for (i = 0; i < t->n_columns; i++) {
		const char *name = t->columns[i].name;
		struct cell cell = {
			.len = strlen(name),
			.width = strlen(name),
			.style = STYLE_BOLD,
		};

		print_cell(&line, t, i, name, &cell);
	}
	if (t->max_rows && n > t->max_rows * t->n_columns)
		n = t->max_rows * t->n_columns;
	for (i = 0; i < n; i++)
		print_cell(&line, t, i % t->n_columns,
			   t->text + t->cells[i].text, &t->cells[i]);
}

void table_free(struct table *t)
{
	free(t->cells);
	free(t->text);
	free(t);
}
