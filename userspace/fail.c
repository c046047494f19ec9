// SPDX-License-Identifier: GPL-2.0-only
/* How the tool ends: error sentences, exit codes, checked output. */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "exitcode.h"
#include "fail.h"
#include "json.h"
#include "options.h"

/* Monitoring systems read standard output and know one code for errors. */
static bool as_plugin;
#define PLUGIN_UNKNOWN	3

/**
 * fail_as_plugin() - say what errors look like from now on
 * @on: as monitoring systems want them
 */
void fail_as_plugin(bool on)
{
	as_plugin = on;
}

static void print_error(int code, const char *sentence)
{
	struct json *o;

	if (as_plugin && !opt.json) {
		printf("TAPDROP UNKNOWN - %s\n", sentence);
		return;
	}
	if (!opt.json) {
		fprintf(stderr, "tapdrop: %s\n", sentence);
		return;
	}
	o = json_new(stderr, json_object());
	json_add(o, "error", json_text(sentence));
	json_add(o, "exit-code", json_number(code));
	json_end(o);
}

/**
 * fail() - say what went wrong
 * @code: enum exit_code
 * @fmt: sentence without full stop
 *
 * Return: @code.
 */
int fail(int code, const char *fmt, ...)
{
	char sentence[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, args);
	va_end(args);
	fflush(stdout);
	if (as_plugin)
		code = PLUGIN_UNKNOWN;
	print_error(code, sentence);
	return code;
}

/**
 * warn() - say something that is not an error
 * @fmt: sentence without full stop
 *
 * With -json it is an object on standard error, as errors are.
 */
void warn(const char *fmt, ...)
{
	struct json *o;
	char sentence[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, args);
	va_end(args);
	if (!opt.json) {
		fprintf(stderr, "tapdrop: %s\n", sentence);
		return;
	}
	o = json_new(stderr, json_object());
	json_add(o, "warning", json_text(sentence));
	json_end(o);
}

/* Why the first write failed; stdio forgets that. */
static int output_errno;

static ssize_t write_output(void *cookie, const char *buf, size_t len)
{
	size_t done = 0;
	ssize_t n;

	(void)cookie;
	while (done < len && !output_errno) {
		n = write(STDOUT_FILENO, buf + done, len - done);
		if (n >= 0)
			done += n;
		else if (errno != EINTR)
			output_errno = errno;
	}
	return done;
}

/**
 * open_output() - buffer standard output, and notice what happens to it
 */
void open_output(void)
{
	const cookie_io_functions_t functions = { .write = write_output };
	FILE *f = fopencookie(NULL, "w", functions);

	if (f)
		stdout = f;
}

/**
 * close_output() - make sure that everything was written
 * @code: exit code so far
 *
 * Return: @code, or %EXIT_OUTPUT.
 */
int close_output(int code)
{
	static bool said;

	if (said || (!fflush(stdout) && !output_errno))
		return code;
	said = true;
	/* The reader of a pipe may have seen enough. */
	if (output_errno == EPIPE)
		return as_plugin ? PLUGIN_UNKNOWN : EXIT_OUTPUT;
	return fail(EXIT_OUTPUT, "cannot write: %s", strerror(output_errno));
}
