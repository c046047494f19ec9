/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TAPDROP_MESSAGE_H
#define _TAPDROP_MESSAGE_H

#include <linux/bits.h>

#include "device.h"

struct sk_buff;

/* Which part of a device a message describes; a queue index is a part, too. */
enum {
	TAPDROP_PART_NO_QUEUE = TAPDROP_MAX_QUEUES,
	TAPDROP_PART_DEVICE,
};

/**
 * struct tapdrop_nl_filter - what a request asks for
 * @cells: bit per cell, of these only
 * @since: only what was lost since then, in jiffies, if @delta
 * @ifindex: of this device only, or 0
 * @part: this queue, or %TAPDROP_PART_NO_QUEUE, or all if
 *	%TAPDROP_PART_DEVICE
 * @scope: enum tapdrop_scope
 * @zeros: also counters that are zero
 * @delta: @since is set
 */
struct tapdrop_nl_filter {
	u64 cells;
	unsigned long since;
	u32 ifindex;
	u16 part;
	u8 scope : 2;
	bool zeros : 1;
	bool delta : 1;
};

/* All counters, to ask for */
#define TAPDROP_NL_ALL_CELLS	GENMASK_ULL(TAPDROP_NR_CELLS - 1, 0)

void tapdrop_nl_sum(const struct tapdrop_dev *td, u32 part,
		    struct tapdrop_sums *sums);
u64 tapdrop_nl_wanted(const struct tapdrop_nl_filter *filter,
		      const struct tapdrop_sums *sums);
int tapdrop_nl_put_stats(struct sk_buff *skb, const struct tapdrop_view *view,
			 u32 part, const struct tapdrop_nl_filter *filter,
			 const struct tapdrop_sums *sums);

#endif /* _TAPDROP_MESSAGE_H */
