/* SPDX-License-Identifier: GPL-2.0-only */
/* What devices had lost before, and what they have lost since. */
#ifndef _TAPDROP_BASELINE_H
#define _TAPDROP_BASELINE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/tapdrop.h"
#include "source.h"

struct place;
struct known;

/**
 * struct baseline - earlier counters
 * @td: handle of the recording that they are from, or NULL
 * @stats: the counters, for each source
 * @n: number of @stats
 * @known: all devices, by index and source
 * @n_known: number of @known
 */
struct baseline {
	struct tapdrop *td;
	struct tapdrop_stats **stats;
	size_t n;
	struct known *known;
	size_t n_known;
};

/**
 * enum since - from when on it is known what a device lost
 * @SINCE_BASELINE: it was there
 * @SINCE_CREATION: it has come since, so that all of it counts
 * @SINCE_NOW: it is older, but was somewhere else, in another network namespace
 *	for one
 * @SINCE_PART: what it lost while it was counted, and that was not all the time:
 *	it was attached since
 * @SINCE_UNKNOWN: it is not counted, or was attached since, and what it had then is
 *	not known
 */
enum since {
	SINCE_BASELINE,
	SINCE_CREATION,
	SINCE_NOW,
	SINCE_PART,
	SINCE_UNKNOWN,
};

void baseline_take(struct baseline *b, struct sources *s);
int baseline_load(struct baseline *b, const char *path);
bool baseline_is_of_boot(const struct baseline *b,
			 const struct tapdrop_moment *now);
enum since baseline_find(const struct baseline *b, const struct sources *s,
			 const struct place *at,
			 const struct tapdrop_device **old);
const struct tapdrop_device *baseline_gone(const struct baseline *b, size_t i);
void baseline_grown(const struct tapdrop_device *old, const struct source *src,
		    const struct tapdrop_device *dev,
		    struct tapdrop_device *grown);
void baseline_free(struct baseline *b);

#endif /* _TAPDROP_BASELINE_H */
