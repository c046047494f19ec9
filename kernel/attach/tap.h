/* SPDX-License-Identifier: GPL-2.0-only */
/* For tap_driver.c: what is to be asked where the stock driver's queues have no
 * field.
 */
#ifndef _TAPDROP_ATTACH_TAP_H
#define _TAPDROP_ATTACH_TAP_H

#include <linux/if_tap.h>
#include <linux/ptr_ring.h>
#include <linux/rtnetlink.h>
#include <linux/skbuff.h>
#include <net/sock.h>
#include <uapi/linux/tapdrop.h>

#define TAPDROP_ATTACH	tapdrop_attach_tap
#include "driver.h"

/* A disabled queue has no index. */
static inline int tap_writer_queue(const struct tap_queue *q)
{
	return q->enabled ? q->queue_index : TAPDROP_NO_QUEUE;
}

/* Under RCU. A queue that is open and has no device has lost it. */
static inline struct tapdrop_dev *tap_drops(const struct tap_queue *q)
{
	struct tap_dev *tap = rcu_dereference_check(q->tap,
						    lockdep_rtnl_is_held());

	return tap ? tapdrop_dev_find(tap->dev) :
		     tapdrop_orphans(sock_net(&q->sk));
}

/* What a queue that was closed still holds: of @tap, which may have gone since, or,
 * without one, of a device that had gone before. There are no counters of a device
 * that was not counted then. Who ends the device waits until what counts for it
 * under RCU has.
 */
static inline enum skb_drop_reason
tap_closed_one(struct tap_queue *q, const struct tap_dev *tap,
	       struct tapdrop_dev *td, struct sk_buff *skb)
{
	if (tap && !td)
		return SKB_DROP_REASON_QUEUE_PURGE;

	if (td && !READ_ONCE(td->retired)) {
		tapdrop_to_user(READ_ONCE(td->paused) ? NULL : td,
				q->queue_index, QUEUE_PURGE, skb);
		return SKB_DROP_REASON_QUEUE_PURGE;
	}
	tapdrop_to_user(tapdrop_orphans(sock_net(&q->sk)), TAPDROP_NO_QUEUE,
			DEV_GONE, skb);
	return SKB_DROP_REASON_DEV_READY;
}

/* Nobody adds to the queue any more. */
static inline void tap_closed(struct tap_queue *q, const struct tap_dev *tap,
			      struct tapdrop_dev *td)
{
	enum skb_drop_reason reason;
	struct sk_buff *skb;

	while ((skb = ptr_ring_consume(&q->ring))) {
		rcu_read_lock();
		reason = tap_closed_one(q, tap, td, skb);
		rcu_read_unlock();
		kfree_skb_reason(skb, reason);
	}
	tapdrop_adopted_put(td);
}

#endif /* _TAPDROP_ATTACH_TAP_H */
