/* SPDX-License-Identifier: GPL-2.0-only */
/* Arrays: how long they are, and memory for them and for texts. */
#ifndef _TAPDROP_XALLOC_H
#define _TAPDROP_XALLOC_H

#include <stddef.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/** for_each_element() - walk through an array; it may be empty, and NULL then. */
#define for_each_element(p, list, n)					\
	for ((p) = (list); (n) && (p) < (list) + (n); (p)++)

_Noreturn void out_of_memory(void);
void *xrealloc(void *p, size_t n, size_t size);
void *xgrow(void *list, size_t n, size_t *max, size_t size);
char *xstrdup(const char *s);

#endif /* _TAPDROP_XALLOC_H */
