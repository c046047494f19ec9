/* SPDX-License-Identifier: GPL-2.0-only */
/* A file that readers see as it was or as it is, never in between. */
#ifndef _TAPDROP_OUTFILE_H
#define _TAPDROP_OUTFILE_H

#include <stdbool.h>
#include <stdio.h>

/**
 * struct outfile - a file to write, and what into it
 * @path: its path; links are followed
 * @regular: refuse anything that is no regular file
 * @put: writes the content
 * @arg: argument of @put
 */
struct outfile {
	const char *path;
	bool regular;
	void (*put)(FILE *f, void *arg);
	void *arg;
};

int outfile_write(const struct outfile *out);

#endif /* _TAPDROP_OUTFILE_H */
