// SPDX-License-Identifier: GPL-2.0-only
/*
 * "smartcols ROWS" prints a table such as that of "tapdrop show" with
 * libsmartcols, and nothing else: to know from exec to exit whether we could.
 */
#include <libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
	const char *name;
	int flags;
	const char *text;
} columns[] = {
	{ "DEVICE", 0, "tap100" },
	{ "KIND", 0, "tap" },
	{ "QUEUE", SCOLS_FL_RIGHT, "1" },
	{ "DIRECTION", 0, "from-user (rx)" },
	{ "REASON", 0, "PKT_TOO_SMALL" },
	{ "PACKETS", SCOLS_FL_RIGHT, "1" },
	{ "LAST", 0, "5.0s ago" },
};

#define N_COLUMNS (sizeof(columns) / sizeof(*columns))

int main(int argc, char **argv)
{
	int rows = argc == 2 ? atoi(argv[1]) : 0;
	struct libscols_table *table = scols_new_table();
	struct libscols_line *line;

	if (!table || rows <= 0)
		return 1;
	/* What it can leave out: text that is safe, a terminal to ask. */
	scols_table_enable_noencoding(table, 1);
	scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
	for (size_t i = 0; i < N_COLUMNS; i++)
		scols_table_new_column(table, columns[i].name, 0,
				       columns[i].flags);
	for (int row = 0; row < rows; row++) {
		line = scols_table_new_line(table, NULL);
		for (size_t i = 0; i < N_COLUMNS; i++)
			scols_line_set_data(line, i, columns[i].text);
	}
	scols_print_table(table);
	scols_unref_table(table);
	return 0;
}
