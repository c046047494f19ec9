// SPDX-License-Identifier: GPL-2.0-only
/* Recordings of a trace: its lines, and behind which clock. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "exitcode.h"
#include "fail.h"
#include "trace_file.h"

#define HEAD	"# tapdrop trace, of a clock that is behind by "

/**
 * trace_file_create() - begin a recording
 * @f: where to put the file
 * @path: its path
 * @offset: how far CLOCK_MONOTONIC is behind CLOCK_REALTIME, in seconds
 *
 * Return: exit code.
 */
int trace_file_create(FILE **f, const char *path, double offset)
{
	*f = fopen(path, "we");
	if (!*f)
		return fail(EXIT_OUTPUT, "cannot open %s: %s", path,
			    strerror(errno));
	fprintf(*f, HEAD "%.6f s\n", offset);
	return EXIT_OK;
}

/**
 * trace_file_close() - end a recording
 * @f: the file, or NULL
 * @path: its path
 * @code: exit code so far
 *
 * Return: exit code.
 */
int trace_file_close(FILE *f, const char *path, int code)
{
	bool failed;

	if (!f)
		return code;
	failed = ferror(f);
	failed |= fclose(f) != 0;
	return failed && !code ? fail(EXIT_OUTPUT, "cannot write %s", path) :
				 code;
}

static int read_file(FILE *f, const char *path, double *offset,
		     struct trace_lines *lines)
{
	char *line = NULL;
	int code = EXIT_OK;
	size_t size = 0;
	ssize_t n;

	if (getline(&line, &size, f) < 0 || strncmp(line, HEAD, strlen(HEAD)))
		code = fail(EXIT_USAGE, "%s is no recording of 'tapdrop trace'",
			    path);
	else
		*offset = strtod(line + strlen(HEAD), NULL);
	while (!code && !lines->enough && (n = getline(&line, &size, f)) >= 0) {
		code = trace_lines_take(lines, line, n);
		if (!code && line[n - 1] != '\n')
			code = trace_lines_take(lines, "\n", 1);
	}
	free(line);
	return code ? code : trace_lines_end(lines);
}

/**
 * trace_file_read() - read a recording
 * @path: its path
 * @offset: where to put how far the clock was behind, before the first event
 * @lines: takes the lines
 *
 * Return: exit code.
 */
int trace_file_read(const char *path, double *offset, struct trace_lines *lines)
{
	FILE *f = fopen(path, "re");
	int code;

	if (!f)
		return fail(EXIT_USAGE, "cannot open %s: %s", path,
			    strerror(errno));
	code = read_file(f, path, offset, lines);
	fclose(f);
	return code;
}
