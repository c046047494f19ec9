// SPDX-License-Identifier: GPL-2.0-only
/* Commands from a file, one per line. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../command.h"
#include "../exitcode.h"
#include "../fail.h"
#include "cmd.h"

#define MAX_WORDS	64
#define BLANKS		" \t\r\n"

static int run_line(char *line)
{
	char *words[MAX_WORDS], *save, *word;
	int n = 0;

	line[strcspn(line, "#")] = '\0';
	for (word = strtok_r(line, BLANKS, &save); word;
	     word = strtok_r(NULL, BLANKS, &save)) {
		if (n == MAX_WORDS)
			return fail(EXIT_USAGE, "more than %d words",
				    MAX_WORDS);
		words[n++] = word;
	}
	return n ? run_command(n, words) : EXIT_OK;
}

/**
 * run_batch() - run the commands of a file, up to the first that fails
 * @path: file, or "-" for standard input
 *
 * Return: exit code.
 */
int run_batch(const char *path)
{
	FILE *f = strcmp(path, "-") ? fopen(path, "re") : stdin;
	int code = EXIT_OK, n = 0;
	char *line = NULL;
	size_t size = 0;

	if (!f)
		return fail(EXIT_USAGE, "cannot open %s: %s", path,
			    strerror(errno));
	while (!code && getline(&line, &size, f) > 0) {
		n++;
		code = run_line(line);
	}
	if (code)
		warn("stopped at line %d of %s", n, path);
	else if (ferror(f))
		code = fail(EXIT_USAGE, "cannot read %s: %s", path,
			    strerror(errno));
	free(line);
	if (f != stdin)
		fclose(f);
	return code;
}
