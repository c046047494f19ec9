/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters of many queues, added up by direction and reason. */
#ifndef _TAPDROP_SUMS_H
#define _TAPDROP_SUMS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/tapdrop.h"

/**
 * struct sums - sums, in the order in which they were first added to
 * @list: the sums, of %TAPDROP_ALL_QUEUES
 * @n: number of sums
 * @max: how many there is room for
 */
struct sums {
	struct tapdrop_counter *list;
	size_t n;
	size_t max;
};

void sums_add(struct sums *sums, uint32_t dir, uint32_t reason,
	      uint64_t packets);
void sums_free(struct sums *sums);

#endif /* _TAPDROP_SUMS_H */
