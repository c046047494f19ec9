/* SPDX-License-Identifier: GPL-2.0-only */
/* Devices that nobody counts. */
#ifndef _TAPDROP_UNCOUNTED_H
#define _TAPDROP_UNCOUNTED_H

#include <stddef.h>

struct tapdrop;

/**
 * struct uncounted - devices of this network namespace that nobody counts
 * @n: their number
 * @error: why it is not known, or ""
 */
struct uncounted {
	size_t n;
	char error[256];
};

void uncounted_read(struct uncounted *u, const char *driver);
void uncounted_words(char *words, size_t size, struct tapdrop *td);

#endif /* _TAPDROP_UNCOUNTED_H */
