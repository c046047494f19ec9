/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TAPDROP_MESSAGE_H
#define _TAPDROP_MESSAGE_H

#include "registry.h"

struct sk_buff;

/* Which part of a device a message describes; a queue index is a part, too. */
enum {
	TAPDROP_PART_NO_QUEUE = TAPDROP_NO_QUEUE,
	TAPDROP_PART_DEVICE,
};

/**
 * struct tapdrop_nl_filter - what a request asks for
 * @ifindex: of this device only, or 0
 * @part: this queue, or %TAPDROP_PART_NO_QUEUE, or all if
 *	%TAPDROP_PART_DEVICE
 * @scope: enum tapdrop_scope
 * @dir: enum tapdrop_dir, or 0
 * @reason: enum tapdrop_reason, or 0
 * @zeros: also counters that are zero
 */
struct tapdrop_nl_filter {
	u32 ifindex;
	u32 part;
	u32 scope;
	u32 dir;
	u32 reason;
	bool zeros;
};

void tapdrop_nl_sum(const struct tapdrop_dev *td, u32 part,
		    struct tapdrop_sums *sums);
bool tapdrop_nl_wants_any(const struct tapdrop_nl_filter *filter,
			  const struct tapdrop_sums *sums);
int tapdrop_nl_put_stats(struct sk_buff *skb, const struct tapdrop_dev *td,
			 u32 part, const struct tapdrop_nl_filter *filter,
			 const struct tapdrop_sums *sums);

#endif /* _TAPDROP_MESSAGE_H */
