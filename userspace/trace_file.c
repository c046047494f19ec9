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
	fputs(TRACE_LINES_END "\n", f);
	failed = ferror(f);
	failed |= fclose(f) != 0;
	return failed && !code ? fail(EXIT_OUTPUT, "cannot write %s", path) :
				 code;
}

static int fail_cut(const char *path)
{
	return fail(EXIT_USAGE, "%s is cut off: it has no end", path);
}

/* It may be any file, and have no line as short as ours. */
static int read_head(FILE *f, const char *path, double *offset)
{
	char line[128];

	if (!fgets(line, sizeof(line), f) || strncmp(line, HEAD, strlen(HEAD)))
		return fail(EXIT_USAGE, "%s is no recording of 'tapdrop trace'",
			    path);
	if (!strchr(line, '\n'))
		return fail_cut(path);
	*offset = strtod(line + strlen(HEAD), NULL);
	return EXIT_OK;
}

static int read_file(FILE *f, const char *path, double *offset,
		     struct trace_lines *lines)
{
	char buf[16384];
	int code, end;
	size_t n;

	code = read_head(f, path, offset);
	if (code)
		return code;
	while (!code && !lines->enough && (n = fread(buf, 1, sizeof(buf), f)))
		code = trace_lines_take(lines, buf, n);
	if (code)
		return code;
	if (ferror(f))
		code = fail(EXIT_USAGE, "cannot read %s: %s", path,
			    strerror(errno));
	else if (!lines->enough && (!lines->ended || lines->len))
		code = fail_cut(path);
	/* What there is has been read all the same. */
	end = trace_lines_end(lines);
	return code ? code : end;
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
