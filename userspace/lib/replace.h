/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-3-Clause */
/* A new file in the place of an old one, in one step. */
#ifndef _LIBTAPDROP_REPLACE_H
#define _LIBTAPDROP_REPLACE_H

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>

/**
 * struct tapdrop_replace - a file that is about to take the place of another
 * @real: the path without links
 * @temp: the new file's, until it does
 * @mask: signals that were blocked before
 */
struct tapdrop_replace {
	char real[PATH_MAX];
	char temp[PATH_MAX];
	sigset_t mask;
};

static inline bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

int tapdrop_replace_check(const char *path);
int tapdrop_replace_begin(struct tapdrop_replace *r, const char *path,
			  const struct stat *old, mode_t mode);
int tapdrop_replace_end(struct tapdrop_replace *r, int err);

#endif /* _LIBTAPDROP_REPLACE_H */
