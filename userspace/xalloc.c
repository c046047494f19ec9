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
