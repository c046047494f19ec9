/* SPDX-License-Identifier: GPL-2.0-only */
/* What devices had lost before, and what they have lost since. */
#ifndef _TAPDROP_BASELINE_H
#define _TAPDROP_BASELINE_H

#include "lib/tapdrop.h"
#include "source.h"

/**
 * struct baseline - earlier counters
 * @td: handle of the recording that they are from, or NULL
 * @stats: the counters, for each source
 * @n: number of @stats
 */
struct baseline {
	struct tapdrop *td;
	struct tapdrop_stats **stats;
	size_t n;
};

void baseline_take(struct baseline *b, struct sources *s);
int baseline_load(struct baseline *b, const char *path);
const struct tapdrop_device *baseline_find(const struct baseline *b, size_t src,
					   const struct tapdrop_device *dev);
void baseline_grown(const struct tapdrop_device *old, const struct source *src,
		    const struct tapdrop_device *dev,
		    struct tapdrop_device *grown);
void baseline_free(struct baseline *b);

#endif /* _TAPDROP_BASELINE_H */
