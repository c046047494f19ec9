/* SPDX-License-Identifier: GPL-2.0-only */
/* A set of devices, by their namespace and index. */
#ifndef _TAPDROP_DEVSET_H
#define _TAPDROP_DEVSET_H

#include <stdbool.h>

#include "source.h"

/** struct devset - a tree of devices; zeroed it is empty. */
struct devset {
	void *tree;
};

void devset_add(struct devset *set, const struct source *src,
		const struct tapdrop_device *dev);
bool devset_has(const struct devset *set, const struct source *src,
		const struct tapdrop_device *dev);
void devset_free(struct devset *set);

#endif /* _TAPDROP_DEVSET_H */
