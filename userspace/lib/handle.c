// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-3-Clause
/* A handle, its error text, and bytes that grow. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "handle.h"

/**
 * tapdrop_handle_new() - make a handle with nothing open
 * @td: where to put it
 *
 * Return: 0 or -ENOMEM.
 */
int tapdrop_handle_new(struct tapdrop **td)
{
	*td = calloc(1, sizeof(**td));
	return *td ? 0 : -ENOMEM;
}

const char *tapdrop_error(const struct tapdrop *td)
{
	if (!td)
		return "out of memory";
	return td->error;
}

/**
 * tapdrop_fail() - note what went wrong
 * @td: handle
 * @err: errno, positive
 * @fmt: sentence without full stop
 *
 * Return: -@err.
 */
int tapdrop_fail(struct tapdrop *td, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(td->error, sizeof(td->error), fmt, args);
	va_end(args);
	return -err;
}

/**
 * tapdrop_buf_add() - append bytes
 * @buf: where to
 * @data: the bytes
 * @len: their number
 *
 * Return: 0 or -ENOMEM.
 */
int tapdrop_buf_add(struct tapdrop_buf *buf, const void *data, size_t len)
{
	size_t max = buf->max ? buf->max : 4096;
	unsigned char *grown;

	while (max - buf->len < len)
		max *= 2;
	if (max != buf->max) {
		grown = realloc(buf->data, max);
		if (!grown)
			return -ENOMEM;
		buf->data = grown;
		buf->max = max;
	}
	memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	return 0;
}
