// SPDX-License-Identifier: GPL-2.0-only
/* What a message of the family says of a device or a queue. */

#include <linux/bitops.h>
#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <net/netlink.h>

#include "message.h"
#include "store.h"

/**
 * tapdrop_nl_wanted - which counters are to be shown?
 * @filter: what is asked for
 * @sums: counters
 *
 * Return: bit per cell that a message holds.
 */
u64 tapdrop_nl_wanted(const struct tapdrop_nl_filter *filter,
		      const struct tapdrop_sums *sums)
{
	if (filter->delta)
		return filter->cells & tapdrop_sums_since(sums, filter->since);
	return filter->zeros ? filter->cells : filter->cells & sums->cells;
}

static int tapdrop_nl_put_counter(struct sk_buff *skb,
				  const struct tapdrop_sums *sums, int i)
{
	const struct tapdrop_cell_info *cell = &tapdrop_cells[i];
	bool zero = !(sums->cells & BIT_ULL(i));
	unsigned long now = jiffies;
	struct nlattr *nest;

	nest = nla_nest_start(skb, cell->dir == TAPDROP_DIR_TO_USER ?
				   TAPDROP_A_STATS_TO_USER :
				   TAPDROP_A_STATS_FROM_USER);
	if (!nest)
		return -EMSGSIZE;

	if (nla_put_u32(skb, TAPDROP_A_COUNTER_REASON, cell->reason) ||
	    nla_put_uint(skb, TAPDROP_A_COUNTER_PACKETS,
			 zero ? 0 : sums->packets[i]))
		goto nest_cancel;

	if (!zero && nla_put_uint(skb, TAPDROP_A_COUNTER_LAST_MS,
				  jiffies64_to_msecs(now - sums->last[i])))
		goto nest_cancel;

	nla_nest_end(skb, nest);
	return 0;

nest_cancel:
	nla_nest_cancel(skb, nest);
	return -EMSGSIZE;
}

static int tapdrop_nl_put_dev(struct sk_buff *skb,
			      const struct tapdrop_view *view)
{
	u64 age;

	if (nla_put_string(skb, TAPDROP_A_STATS_IFNAME, view->name) ||
	    nla_put_u32(skb, TAPDROP_A_STATS_KIND, view->kind) ||
	    (*view->alias &&
	     nla_put_string(skb, TAPDROP_A_STATS_IFALIAS, view->alias)))
		return -EMSGSIZE;

	if (nla_put_u32(skb, TAPDROP_A_STATS_COVERAGE, view->coverage))
		return -EMSGSIZE;
	if (view->coverage == TAPDROP_COVERAGE_NONE)
		return 0;

	age = jiffies64_to_msecs(get_jiffies_64() - READ_ONCE(view->td->since));
	if (nla_put_u32(skb, TAPDROP_A_STATS_QUEUES, view->queues) ||
	    nla_put_uint(skb, TAPDROP_A_STATS_SINCE_MS, age) ||
	    (READ_ONCE(view->td->born) &&
	     nla_put_flag(skb, TAPDROP_A_STATS_FROM_CREATION)))
		return -EMSGSIZE;
	return 0;
}

/**
 * tapdrop_nl_sum - sum the counters that a message shows
 * @td: counters of a device, or NULL
 * @part: which part of it
 * @sums: where to put them
 *
 * Context: process; may sleep. The caller has a reference.
 */
void tapdrop_nl_sum(const struct tapdrop_dev *td, u32 part,
		    struct tapdrop_sums *sums)
{
	sums->cells = 0;
	if (!td)
		return;

	if (part == TAPDROP_PART_DEVICE)
		tapdrop_dev_sum(td, sums);
	else if (part == TAPDROP_PART_NO_QUEUE)
		tapdrop_store_sum(td, TAPDROP_NO_QUEUE, sums);
	else
		tapdrop_store_sum(td, part, sums);
	tapdrop_sums_end(sums);
}

/**
 * tapdrop_nl_put_stats - put the attributes of one message
 * @skb: where to put them; the caller has put the header
 * @view: a device
 * @part: which part of it the message describes
 * @filter: which counters to put
 * @sums: the counters of @part
 *
 * A device that is not counted has no queues that are known, nor zeros.
 *
 * Return: 0 or -EMSGSIZE.
 */
int tapdrop_nl_put_stats(struct sk_buff *skb, const struct tapdrop_view *view,
			 u32 part, const struct tapdrop_nl_filter *filter,
			 const struct tapdrop_sums *sums)
{
	u64 cells;

	if (view->ifindex &&
	    nla_put_u32(skb, TAPDROP_A_STATS_IFINDEX, view->ifindex))
		return -EMSGSIZE;

	if (view->td && part < TAPDROP_PART_NO_QUEUE) {
		if (nla_put_u32(skb, TAPDROP_A_STATS_QUEUE_ID, part))
			return -EMSGSIZE;
	} else if (view->ifindex && tapdrop_nl_put_dev(skb, view)) {
		return -EMSGSIZE;
	}

	if (!view->td)
		return 0;

	/* A device is introduced even if its no-queue block is not wanted. */
	if (part == TAPDROP_PART_NO_QUEUE && filter->part < TAPDROP_PART_NO_QUEUE)
		return 0;

	for (cells = tapdrop_nl_wanted(filter, sums); cells; cells &= cells - 1)
		if (tapdrop_nl_put_counter(skb, sums, __ffs64(cells)))
			return -EMSGSIZE;
	return 0;
}
