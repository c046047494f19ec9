// SPDX-License-Identifier: GPL-2.0-only
/* Memory, or the end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exitcode.h"
#include "xalloc.h"

/**
 * out_of_memory() - end at once
 */
void out_of_memory(void)
{
	fputs("tapdrop: out of memory\n", stderr);
	exit(EXIT_KERNEL);
}

/**
 * xrealloc() - reallocarray() that ends the tool without memory
 * @p: old array, or NULL
 * @n: number of elements
 * @size: size of an element
 *
 * Return: the new array.
 */
void *xrealloc(void *p, size_t n, size_t size)
{
	p = reallocarray(p, n ? n : 1, size);
	if (!p)
		out_of_memory();
	return p;
}

/**
 * xgrow() - make room for one more element
 * @list: array, or NULL
 * @n: number of elements that it has
 * @max: number that it has room for, or is to have room for at first
 * @size: size of an element
 *
 * Return: the array.
 */
void *xgrow(void *list, size_t n, size_t *max, size_t size)
{
	if (list && n < *max)
		return list;
	*max = n < *max ? *max : 2 * n + 64;
	return xrealloc(list, *max, size);
}

/**
 * xstrdup() - strdup() that ends the tool without memory
 * @s: text
 *
 * Return: the copy.
 */
char *xstrdup(const char *s)
{
	char *copy = strdup(s);

	if (!copy)
		out_of_memory();
	return copy;
}
