/* SPDX-License-Identifier: GPL-2.0-only */
/* Lost frames, by the flow that they belong to. */
#ifndef _TAPDROP_FLOWS_H
#define _TAPDROP_FLOWS_H

#include <stddef.h>
#include <stdint.h>

#include "lost.h"

/**
 * struct flow - what a flow lost, for one reason
 * @like: one of its frames
 * @packets: number of frames
 * @bytes: their length, where it is known
 */
struct flow {
	struct lost like;
	uint64_t packets;
	uint64_t bytes;
};

/**
 * struct flows - all flows
 * @list: the flows
 * @n: number of @list
 * @slots: hash table of indices into @list, plus one
 * @n_slots: number of @slots
 * @seed: where the hash begins
 * @other: frames of flows for which there was no more room
 */
struct flows {
	struct flow *list;
	size_t n;
	uint32_t *slots;
	size_t n_slots;
	uint32_t seed;
	uint64_t other;
};

void flows_add(struct flows *f, const struct lost *lost);
void flows_sort(struct flows *f);
void flows_free(struct flows *f);

#endif /* _TAPDROP_FLOWS_H */
