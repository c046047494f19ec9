// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables of text. For the 1000 rows of a large host, libsmartcols alone costs
 * more than twice as much as all of "ip -s link". Our limit is half the cost of
 * "ip -s link". "make bench" measures it (docs/performance.rst, "smartcols
 * 1000").
 */
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "table.h"
#include "text.h"
#include "xalloc.h"

#define MAX_COLUMNS	16

/* Where a cell's text begins in the table's, and how it looks: a large table is
 * mostly cells, and each page of them costs more than what is on it.
 */
struct cell {
	uint32_t text;
	uint16_t len;
	uint16_t width : 12;
	uint16_t style : 4;
};

struct table {
	const struct column *columns;
	size_t n_columns;
	size_t longest;
	size_t max_width;
	size_t max_rows;
	size_t width[MAX_COLUMNS];
	bool hidden[MAX_COLUMNS];
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

/**
 * table_columns() - how many columns there are
 * @t: table
 *
 * Return: their number.
 */
size_t table_columns(const struct table *t)
{
	return t->n_columns;
}

static struct cell *add_cell(struct table *t)
{
	t->cells = xgrow(t->cells, t->n_cells, &t->max_cells,
			 sizeof(*t->cells));
	return &t->cells[t->n_cells++];
}

static void add(struct table *t, enum style style, const char *s, size_t len,
		size_t width)
{
	size_t *max = &t->width[t->n_cells % t->n_columns];
	struct cell *cell = add_cell(t);

	if (width > *max)
		*max = width;
	if (len > t->longest)
		t->longest = len;
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
	size_t len, width = text_width(s, &len);

	add(t, style, s, len, width);
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
 * table_repeat() - add the cell that stands above, once more
 * @t: table
 * @style: how it looks
 */
void table_repeat(struct table *t, enum style style)
{
	struct cell *cell = add_cell(t);

	*cell = cell[-(ssize_t)t->n_columns];
	cell->style = style;
}

static size_t table_width(const struct table *t)
{
	size_t i, width = 0;

	for (i = 0; i < t->n_columns; i++) {
		if (!t->hidden[i])
			width += (width ? 2 : 0) + t->width[i];
	}
	return width;
}

/* Return: false if there is no column left that may go. */
static bool hide_column(struct table *t)
{
	size_t i, most = 0;

	for (i = 1; i < t->n_columns; i++) {
		if (t->hidden[i])
			continue;
		if (t->hidden[most] ||
		    t->columns[i].spare > t->columns[most].spare)
			most = i;
	}
	if (t->hidden[most] || !t->columns[most].spare)
		return false;
	t->hidden[most] = true;
	return true;
}

/**
 * table_limit() - leave out and cut what does not fit on the screen
 * @t: table
 * @width: columns, or 0 for no limit
 * @rows: rows, without the headings, or 0 for no limit
 *
 * Call it behind the last cell.
 */
void table_limit(struct table *t, size_t width, size_t rows)
{
	t->max_width = width;
	t->max_rows = rows;
	while (width && table_width(t) > width && hide_column(t))
		;
}

/**
 * struct line - a line that is being made
 * @start: its beginning
 * @size: room for it
 * @end: where it goes on; from here on there are blanks
 * @left: columns that are left on the screen
 */
struct line {
	char *start;
	size_t size;
	char *end;
	size_t left;
};

static void pad(struct line *line, size_t n)
{
	n = n < line->left ? n : line->left;
	line->left -= n;
	line->end += n;
}

static void put_text(struct line *line, const char *text)
{
	line->end = mempcpy(line->end, text, strlen(text));
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
		put_text(line, sequences[cell->style]);
	line->end = mempcpy(line->end, text, len);
	if (color)
		put_text(line, "\033[0m");
}

static bool is_last(const struct table *t, size_t column)
{
	while (++column < t->n_columns) {
		if (!t->hidden[column])
			return false;
	}
	return true;
}

static void put_cell(struct line *line, const struct table *t, size_t column,
		     const char *text, const struct cell *cell)
{
	size_t blanks = t->width[column] - cell->width;
	bool right = t->columns[column].right;

	if (t->hidden[column])
		return;
	if (right)
		pad(line, blanks);
	put(line, text, cell);
	/* A row ends with its last text: no blanks behind it. */
	if (!is_last(t, column))
		pad(line, (right ? 0 : blanks) + 2);
}

static void start_line(struct line *line, const struct table *t)
{
	memset(line->start, ' ', line->size);
	line->end = line->start;
	line->left = t->max_width ? t->max_width : SIZE_MAX;
}

static void end_line(struct line *line, FILE *f)
{
	*line->end++ = '\n';
	fwrite_unlocked(line->start, 1, line->end - line->start, f);
}

static void print_headings(struct line *line, const struct table *t, FILE *f)
{
	size_t i;

	start_line(line, t);
	for (i = 0; i < t->n_columns; i++) {
		const char *name = t->columns[i].name;
		struct cell cell = {
			.len = strlen(name),
			.width = strlen(name),
			.style = STYLE_BOLD,
		};

		put_cell(line, t, i, name, &cell);
	}
	end_line(line, f);
}

/* Room for a line: blanks for all columns, and all text as escapes make it. */
static size_t line_size(const struct table *t)
{
	size_t i, size = 64;

	for (i = 0; i < t->n_columns; i++)
		size += t->width[i] + t->longest + 32;
	return size;
}

/**
 * table_print() - print a table with its headings
 * @t: table
 * @f: where to
 */
void table_print(const struct table *t, FILE *f)
{
	struct line line = { .size = line_size(t) };
	const struct cell *cell = t->cells;
	size_t column, row, rows = t->n_cells / t->n_columns;

	if (t->max_rows && rows > t->max_rows)
		rows = t->max_rows;
	line.start = xrealloc(NULL, line.size, 1);
	print_headings(&line, t, f);
	for (row = 0; row < rows; row++) {
		start_line(&line, t);
		for (column = 0; column < t->n_columns; column++, cell++)
			put_cell(&line, t, column, t->text + cell->text, cell);
		end_line(&line, f);
	}
	free(line.start);
}

/**
 * table_free() - free a table
 * @t: table
 */
void table_free(struct table *t)
{
	free(t->cells);
	free(t->text);
	free(t);
}
