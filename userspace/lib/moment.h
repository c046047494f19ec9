/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-3-Clause */
/* When a dump was read, and how a recording says so. */
#ifndef _LIBTAPDROP_MOMENT_H
#define _LIBTAPDROP_MOMENT_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/netlink.h>

#include "handle.h"

bool tapdrop_moment_begins(const void *data, size_t len);
int tapdrop_moment_put(struct tapdrop_buf *buf,
		       const struct tapdrop_moment *moment);
bool tapdrop_moment_get(const struct nlmsghdr *nlh,
			struct tapdrop_moment *moment);

#endif /* _LIBTAPDROP_MOMENT_H */
