// SPDX-License-Identifier: GPL-2.0-only
/* Counters of many queues, added up by direction and reason. */
#include <stdlib.h>

#include "sums.h"
#include "xalloc.h"

/**
 * sums_add() - add to a sum, which is made if there is none
 * @sums: sums
 * @dir: direction
 * @reason: id of the reason
 * @packets: how much, possibly 0
 */
void sums_add(struct sums *sums, uint32_t dir, uint32_t reason,
	      uint64_t packets)
{
	size_t i;

	for (i = 0; i < sums->n; i++) {
		struct tapdrop_counter *c = &sums->list[i];

		if (c->dir == dir && c->reason == reason) {
			c->packets += packets;
			return;
		}
	}
	sums->list = xgrow(sums->list, sums->n, &sums->max,
			   sizeof(*sums->list));
	sums->list[sums->n++] = (struct tapdrop_counter){
		.packets = packets,
		.last_ms = TAPDROP_NEVER,
		.queue = TAPDROP_ALL_QUEUES,
		.dir = dir,
		.reason = reason,
	};
}

/**
 * sums_free() - free the sums
 * @sums: sums; there are none then
 */
void sums_free(struct sums *sums)
{
	free(sums->list);
	*sums = (struct sums){};
}
