/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The seam between the drivers and tapdrop: all that tun.c and tap.c include.
 *
 * A driver calls one hook at each site where it loses a frame, before it frees
 * the skb, and keeps nothing but a pointer to struct tapdrop_dev.
 */
#ifndef _TAPDROP_HOOKS_H
#define _TAPDROP_HOOKS_H

#include <linux/if.h>
#include <linux/jiffies.h>
#include <linux/percpu.h>
#include <linux/refcount.h>
#include <linux/tracepoint-defs.h>

#include "reasons.h"

struct bpf_prog;
struct net;
struct net_device;
struct sk_buff;

/* The block for losses that belong to no queue; above every queue index. */
#define TAPDROP_NO_QUEUE	256

#define TAPDROP_CELL(dir, reason, ...)	TAPDROP_##dir##_##reason,
enum tapdrop_cell {
	TAPDROP_CELLS(TAPDROP_CELL)
	TAPDROP_NR_CELLS
};

/**
 * struct tapdrop_counters - what one queue lost on one CPU
 * @packets: number of frames, for each direction and reason
 * @last: time of the last loss, in jiffies
 */
struct tapdrop_counters {
	unsigned long packets[TAPDROP_NR_CELLS];
	unsigned long last[TAPDROP_NR_CELLS];
};

/**
 * struct tapdrop_dev - counters of a device
 * @queues: percpu counters by queue index, and those of the no-queue block.
 *	An index that was never attached points to the no-queue block, so that
 *	no hook has to test for NULL. Grows under RTNL, read locklessly.
 * @queues_end: one more than the highest index that was ever attached
 * @attached: where the driver keeps its number of attached queues; NULL if it
 *	has not said yet. Valid as long as the device is listed.
 * @dev: the device; NULL for the orphans of a network namespace
 * @ifindex: of @dev when it was last listed; 0 for orphans
 * @name: of @dev when it was listed or last renamed
 * @kind: enum tapdrop_kind
 * @queue_in_skb: a frame's queue mapping is the queue that it is for; with
 *	macvtap and ipvtap it is the lower device's
 * @listed: in its namespace's index, under RTNL
 * @retired: its queues are without a device, as those of orphans always are
 * @net: its last namespace, and a reference, from NETDEV_UNREGISTER to the end;
 *	NULL if its end is not to be told
 * @ref: references of the driver, the registry, open queues and readers
 * @node: in the registry's hash by @dev
 * @rcu: for freeing
 */
struct tapdrop_dev {
	struct tapdrop_counters __percpu *queues[TAPDROP_NO_QUEUE + 1];
	unsigned int queues_end;
	const unsigned int *attached;
	struct net_device *dev;
	int ifindex;
	char name[IFNAMSIZ];
	u8 kind;
	bool queue_in_skb;
	bool listed;
	bool retired;
	struct net *net;
	refcount_t ref;
	struct hlist_node node;
	struct rcu_head rcu;
};

DECLARE_TRACEPOINT(drop);

void tapdrop_trace(const struct tapdrop_dev *td, unsigned int queue,
		   enum tapdrop_cell cell, unsigned int packets,
		   const struct sk_buff *skb, unsigned long location);

/* For a tun device: from ndo_init to the device's destructor. */
struct tapdrop_dev *tapdrop_dev_add(struct net_device *dev,
				    const unsigned int *attached);
void tapdrop_dev_end(struct tapdrop_dev *td);

/* For the devices on top of tap: the registry creates and ends them. */
void tapdrop_track(const char *kind);
void tapdrop_untrack(const char *kind);
struct tapdrop_dev *tapdrop_dev_get(struct net_device *dev,
				    const unsigned int *attached);
void tapdrop_dev_retire(struct net_device *dev);
void tapdrop_dev_leave(struct tapdrop_dev **drops, const struct net *net);
void tapdrop_dev_put(struct tapdrop_dev *td);

/* For a queue whose frames vhost_net may hold: the devices that it outlives. */
struct tapdrop_gone;
void tapdrop_gone_add(struct tapdrop_gone **gone, struct net_device *dev);
void tapdrop_gone_put(struct tapdrop_gone **gone);

void tapdrop_queue_add(struct tapdrop_dev *td, unsigned int queue);
struct tapdrop_dev *tapdrop_dev_find(const struct net_device *dev);
struct tapdrop_dev *tapdrop_orphans(const struct net *net);
int tapdrop_xdp_set(const struct net_device *dev,
		    struct bpf_prog __rcu **generic, struct bpf_prog *prog);
u32 tapdrop_xdp_lost(void);

/*
 * Any context. A writer may be on another CPU between the two percpu operations,
 * and a reader may see the count first: the time is only of use as the newest of
 * all CPUs. A hook that is out of line says whose @location it is; 0 is its own.
 */
static __always_inline void
tapdrop_count(const struct tapdrop_dev *td, unsigned int queue,
	      enum tapdrop_cell cell, unsigned int packets,
	      const struct sk_buff *skb, unsigned long location)
{
	struct tapdrop_counters __percpu *counters = td->queues[queue];

	this_cpu_write(counters->last[cell], jiffies);
	this_cpu_add(counters->packets[cell], packets);
	if (tracepoint_enabled(drop))
		tapdrop_trace(td, queue, cell, packets, skb, location);
}

/**
 * tapdrop_to_user - lose a frame on its way to the user of the device
 * @td: counters of the device, or of the orphans
 * @queue: index of the queue, or %TAPDROP_NO_QUEUE
 * @reason: a name out of TAPDROP_REASONS(), such as PTR_FULL
 * @skb: the frame, before it is freed; NULL if there is none
 *
 * Context: any, without a lock. What @td points to stays as long as the caller
 * has a reference to the device or its queue, or is in the RCU read-side
 * critical section in which it read the pointer.
 */
#define tapdrop_to_user(td, queue, reason, skb) \
	tapdrop_count(td, queue, TAPDROP_TO_USER_##reason, 1, skb, 0)

/**
 * tapdrop_from_user - lose a frame that came from the user of the device
 * @td: counters of the device, or of the orphans
 * @queue: index of the queue, or %TAPDROP_NO_QUEUE
 * @reason: a name out of TAPDROP_REASONS()
 * @skb: the frame, before it is freed; NULL if there is none yet
 *
 * Context: that of tapdrop_to_user().
 */
#define tapdrop_from_user(td, queue, reason, skb) \
	tapdrop_count(td, queue, TAPDROP_FROM_USER_##reason, 1, skb, 0)

/**
 * tapdrop_to_user_n - lose frames on their way to the user at once
 * @td: counters of the device, or of the orphans
 * @queue: index of the queue, or %TAPDROP_NO_QUEUE
 * @reason: a name out of TAPDROP_REASONS()
 * @packets: number of frames
 *
 * Context: that of tapdrop_to_user().
 */
#define tapdrop_to_user_n(td, queue, reason, packets) \
	tapdrop_count(td, queue, TAPDROP_TO_USER_##reason, packets, \
		      NULL, 0)

/**
 * tapdrop_from_user_n - lose frames that came from the user at once
 * @td: counters of the device, or of the orphans
 * @queue: index of the queue, or %TAPDROP_NO_QUEUE
 * @reason: a name out of TAPDROP_REASONS()
 * @packets: number of frames
 *
 * Context: that of tapdrop_to_user().
 */
#define tapdrop_from_user_n(td, queue, reason, packets) \
	tapdrop_count(td, queue, TAPDROP_FROM_USER_##reason, packets, \
		      NULL, 0)

#endif /* _TAPDROP_HOOKS_H */
