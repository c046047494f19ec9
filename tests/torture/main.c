// SPDX-License-Identifier: GPL-2.0-only
/* What tests/torture/guest lets loose. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../traffic/command.h"
#include "torture.h"

/* Named and declared as in the traffic helper, whose vring.c we link. */
void fail(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fputs("taptorture: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

void fail_errno(const char *what)
{
	fail("%s: %s", what, strerror(errno));
}

static const struct {
	const char *name;
	void (*run)(int argc, char **argv);
} modes[] = {
	{ "storm", storm_main },
	{ "fault", fault_main },
	{ "hog", hog_main },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(modes) / sizeof(*modes); i++) {
		if (strcmp(modes[i].name, argv[1]))
			continue;
		modes[i].run(argc - 2, argv + 2);
		return 0;
	}
	fail("usage: taptorture storm|fault|hog ...");
}
