/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The seam between the drivers and tapdrop: all that tun.c and tap.c include.
 *
 * A driver calls one hook at each site where it loses a frame, before it frees
 * the skb, and keeps nothing but a pointer to struct tapdrop_dev.
 */
#ifndef _TAPDROP_HOOKS_H
#define _TAPDROP_HOOKS_H

#include <linux/atomic.h>
#include <linux/if.h>
#include <linux/jiffies.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/spinlock_types.h>
#include <linux/tracepoint-defs.h>
#include <linux/workqueue.h>
#include <asm/barrier.h>
#include <asm/local.h>

#include "reasons.h"

struct bpf_prog;
struct mem_cgroup;
struct net;
struct net_device;
struct sock;
struct sk_buff;

/* What either driver allows. */
#define TAPDROP_MAX_QUEUES	256U

/* For losses that belong to no queue; as unsigned, it is above every index. */
#define TAPDROP_NO_QUEUE	(-1)

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
	local_t packets[TAPDROP_NR_CELLS];
	unsigned long last[TAPDROP_NR_CELLS];
};

/**
 * struct tapdrop_queue - what one queue lost
 * @lost: bit for each CPU that lost something, behind @cpus
 * @cpus: for each CPU, NULL until it loses something
 */
struct tapdrop_queue {
	unsigned long *lost;
	struct tapdrop_counters *cpus[];
};

/**
 * struct tapdrop_payer - who pays for the counters of a queue
 * @memcg: the memory cgroup of who attached it last; NULL if nobody has a queue
 *	of the device; always NULL for orphans
 * @failed: when there was no memory last, in jiffies
 */
struct tapdrop_payer {
	struct mem_cgroup *memcg;
	unsigned long failed;
};

/**
 * struct tapdrop_table - the queues of a device
 * @rcu: for freeing
 * @size: number of entries
 * @payers: for each entry who pays, behind @queues
 * @queues: the no-queue block, then the queues by index; never NULL
 */
struct tapdrop_table {
	struct rcu_head rcu;
	unsigned int size;
	struct tapdrop_payer *payers;
	struct tapdrop_queue *queues[];
};

/**
 * struct tapdrop_spill - frames for which there was no memory to count them
 *	elsewhere
 * @packets: number of frames, for each direction and reason
 * @last: time of the last loss, in jiffies
 * @used: whether there is a frame
 */
struct tapdrop_spill {
	atomic_long_t packets[TAPDROP_NR_CELLS];
	unsigned long last[TAPDROP_NR_CELLS];
	bool used;
};

/**
 * struct tapdrop_dev - counters of a device
 * @hot: what the hooks read: the queues of @table, or of one without counters;
 *	index -1, %TAPDROP_NO_QUEUE, is the no-queue block. It is long enough for
 *	every index that a hook can pass. Replaced under RTNL, read under RCU.
 * @table: its queues, changed under RTNL and @lock, read under RCU
 * @queues_end: one more than the highest index that was ever attached
 * @top: the highest index that was ever attached; if @table has no room for it,
 *	@hot is long enough all the same, but has no counters. Under RTNL.
 * @lock: for what a first loss changes
 * @attached: where the driver keeps its number of attached queues; NULL if it
 *	has not said yet. Valid as long as the device is listed.
 * @dev: the device; NULL for the orphans of a network namespace
 * @ifindex: of @dev when it was last listed; 0 for orphans
 * @netns: number of the namespace that it was in then, or of the orphans'
 * @name: of @dev when it was listed or last renamed
 * @since: when counting began, in 64-bit jiffies
 * @changed: when readers last saw it anew, in jiffies
 * @shown: a checksum of what they see and nobody tells us of
 * @kind: enum tapdrop_kind
 * @queue_in_skb: a frame's queue mapping is the queue that it is for; with
 *	macvtap and ipvtap it is the lower device's
 * @listed: in its namespace's index, under RTNL
 * @retired: its queues are without a device, as those of orphans always are
 * @adopted: its driver is a stock one, under the livepatch; its queues are
 *	opened without a word
 * @born: it was adopted when it was registered, and counts since then
 * @leaving: the livepatch lets go of it; under RTNL
 * @paused: the livepatch has yet to count for it, or went; only tapdrop_adopt()
 *	finds it
 * @parted: no queue is its any more: an index is perhaps one of another device
 * @generic: of an adopted device, what generic XDP runs; read under RCU
 * @net: its last namespace, and a reference, from NETDEV_UNREGISTER to the end;
 *	NULL if listeners are not told of its end
 * @open: number of open queues on top of tap
 * @ref: references of the driver, the registry, open queues and readers
 * @node: in the registry's hash by @dev
 * @free: for freeing
 * @spill: shown as losses of no queue
 */
struct tapdrop_dev {
	struct tapdrop_queue *(*hot)[];
	struct tapdrop_table *table;
	unsigned int queues_end;
	unsigned int top;
	spinlock_t lock;	/* see above */
	const unsigned int *attached;
	struct net_device *dev;
	int ifindex;
	unsigned int netns;
	char name[IFNAMSIZ];
	u64 since;
	unsigned long changed;
	u32 shown;
	u8 kind;
	bool queue_in_skb;
	bool listed;
	bool retired;
	bool adopted;
	bool born;
	bool leaving;
	bool paused;
	bool parted;
	struct bpf_prog __rcu *generic;
	struct net *net;
	atomic_t open;
	refcount_t ref;
	struct hlist_node node;
	struct rcu_work free;
	struct tapdrop_spill spill;
};

DECLARE_TRACEPOINT(drop);

/* The number of the CPU, as wide as an index: smp_processor_id() has to be
 * extended first.
 */
DECLARE_PER_CPU(unsigned long, tapdrop_cpu);

void tapdrop_count_slow(struct tapdrop_dev *td, long queue,
			enum tapdrop_cell cell, unsigned int packets,
			const struct sk_buff *skb, unsigned long location);
void tapdrop_trace(const struct tapdrop_dev *td, long queue,
		   enum tapdrop_cell cell, unsigned int packets,
		   const struct sk_buff *skb, unsigned long location);

/* For a tun device: from ndo_init to the device's destructor. */
struct tapdrop_dev *tapdrop_dev_add(struct net_device *dev,
				    const unsigned int *attached);
void tapdrop_dev_unused(struct tapdrop_dev *td);
void tapdrop_dev_parted(struct tapdrop_dev *td);
void tapdrop_dev_end(struct tapdrop_dev *td);

/* For a driver that calls our hooks, for each kind of device. */
void tapdrop_track(const char *kind);
void tapdrop_untrack(const char *kind);

/* For the devices on top of tap: the registry creates and ends them. */
struct tapdrop_dev *tapdrop_dev_get(struct net_device *dev,
				    const unsigned int *attached);
void tapdrop_dev_retire(struct net_device *dev);
void tapdrop_dev_leave(struct tapdrop_dev **drops, const struct net *net);
void tapdrop_queue_put(struct tapdrop_dev *td);

/* For the devices of a stock driver: from the livepatch's coming to its going. */
struct tapdrop_dev *tapdrop_adopt(struct net_device *dev,
				  const unsigned int *attached,
				  struct bpf_prog *prog, bool registering);
void tapdrop_adopted_start(unsigned long kinds);
void tapdrop_adopted_stop(unsigned long kinds);
void tapdrop_adopted_queues(struct tapdrop_dev *td);
void tapdrop_adopted_pause(unsigned long kinds);
void tapdrop_adopted_end(struct net_device *dev);
struct tapdrop_dev *tapdrop_adopted_get(struct net_device *dev);
void tapdrop_adopted_put(struct tapdrop_dev *td);

/* For a queue whose frames vhost_net may hold: the devices that it outlives. */
struct tapdrop_gone;
void tapdrop_gone_add(struct tapdrop_gone **gone, struct net_device *dev,
		      const struct sock *sk);
struct tapdrop_dev *tapdrop_gone_find(const struct net_device *dev);
void tapdrop_gone_put(struct tapdrop_gone **gone);
void tapdrop_gone_move(struct tapdrop_gone **gone, struct tapdrop_gone **to);

void tapdrop_queue_add(struct tapdrop_dev *td, unsigned int queue);
void tapdrop_queue_move(struct tapdrop_dev *td, unsigned int from,
			unsigned int to);
struct tapdrop_dev *tapdrop_dev_find(const struct net_device *dev);
struct tapdrop_dev *tapdrop_orphans(const struct net *net);
int tapdrop_xdp_set(const struct net_device *dev,
		    struct bpf_prog __rcu **generic, struct bpf_prog *prog);
u32 tapdrop_xdp_lost(void);

/* For a stock driver, which may run a program that we have not set. */
struct bpf_prog *tapdrop_xdp_choose(struct bpf_prog *generic,
				    struct bpf_prog *prog);
u32 tapdrop_xdp_lost_by(const struct bpf_prog *prog);

/* The queue that a frame is for; its queue mapping may be any number. */
static inline int tapdrop_queue_of(const struct tapdrop_dev *td,
				   unsigned int mapping)
{
	/* Before it is used; pairs with the release at the attach. */
	return td->queue_in_skb && mapping < smp_load_acquire(&td->queues_end) ?
	       mapping : TAPDROP_NO_QUEUE;
}

/*
 * The block of this CPU, or NULL. The index was read before; it is never newer
 * than the table: pairs with smp_wmb() where an index is attached or retired.
 */
static __always_inline struct tapdrop_counters *
tapdrop_here(const struct tapdrop_dev *td, long index)
{
	struct tapdrop_queue *(*hot)[], *q;

	/* See above. */
	smp_rmb();
	hot = READ_ONCE(td->hot);
	q = READ_ONCE((*hot)[index]);
	return READ_ONCE(q->cpus[__this_cpu_read(tapdrop_cpu)]);
}

/*
 * Add to the block of this CPU; the caller must stay on it. A softirq may come
 * in between the two writes, and a reader may see the count first.
 */
static __always_inline void
tapdrop_add(struct tapdrop_counters *c, enum tapdrop_cell cell,
	    unsigned int packets)
{
	WRITE_ONCE(c->last[cell], jiffies);
	local_add(packets, &c->packets[cell]);
}

/*
 * Any context but NMI. A hook that is out of line passes the address of its
 * caller as @location; 0 means its own address. A call is always the last
 * step, so that no value is kept across it. The index is a long from the start:
 * else the compiler converts it on each way.
 */
static __always_inline void
tapdrop_count(struct tapdrop_dev *td, int queue, enum tapdrop_cell cell,
	      unsigned int packets, const struct sk_buff *skb,
	      unsigned long location)
{
	struct tapdrop_counters *c;
	long index = queue;

	preempt_disable();
	c = tapdrop_here(td, index);
	if (unlikely(!c)) {
		preempt_enable();
		tapdrop_count_slow(td, index, cell, packets, skb, location);
		return;
	}
	tapdrop_add(c, cell, packets);
	preempt_enable();
	if (tracepoint_enabled(drop))
		tapdrop_trace(td, index, cell, packets, skb, location);
}

/* The same where the caller has BH or preemption off. */
static __always_inline void
tapdrop_count_bh(struct tapdrop_dev *td, int queue, enum tapdrop_cell cell,
		 unsigned int packets, const struct sk_buff *skb,
		 unsigned long location)
{
#ifdef CONFIG_PREEMPT_RT	/* BH off is no more than a lock */
	tapdrop_count(td, queue, cell, packets, skb, location);
#else
	struct tapdrop_counters *c;
	long index = queue;

	lockdep_assert_preemption_disabled();
	c = tapdrop_here(td, index);
	if (unlikely(!c)) {
		tapdrop_count_slow(td, index, cell, packets, skb, location);
		return;
	}
	tapdrop_add(c, cell, packets);
	if (tracepoint_enabled(drop))
		tapdrop_trace(td, index, cell, packets, skb, location);
#endif
}

/*
 * The same where the device may leave the queue: @drops is read under RCU. With
 * PREEMPT_RT, preemption stays on: nothing can be allocated where it is off, nor a
 * spinlock be taken, which lockdep can ask of all kernels.
 */
static __always_inline void
tapdrop_count_rcu(struct tapdrop_dev **drops, int queue, enum tapdrop_cell cell,
		  unsigned int packets, const struct sk_buff *skb,
		  unsigned long location)
{
#if defined(CONFIG_PREEMPT_RT) || defined(CONFIG_PROVE_RAW_LOCK_NESTING)
	rcu_read_lock();
	tapdrop_count(READ_ONCE(*drops), queue, cell, packets, skb, location);
	rcu_read_unlock();
#else
	rcu_read_lock_sched();
	tapdrop_count_bh(READ_ONCE(*drops), queue, cell, packets, skb, location);
	rcu_read_unlock_sched();
#endif
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
 * tapdrop_to_user_n - lose several frames on their way to the user
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
 * tapdrop_from_user_n - lose several frames that came from the user
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

/**
 * tapdrop_to_user_bh - lose a frame on its way to the user, with BH off
 * @td: counters of the device, or of the orphans
 * @queue: index of the queue, or %TAPDROP_NO_QUEUE
 * @reason: a name out of TAPDROP_REASONS()
 * @skb: the frame, before it is freed; NULL if there is none
 *
 * Context: that of tapdrop_to_user(), with BH or preemption off.
 */
#define tapdrop_to_user_bh(td, queue, reason, skb) \
	tapdrop_count_bh(td, queue, TAPDROP_TO_USER_##reason, 1, skb, 0)

/**
 * tapdrop_from_user_bh - lose a frame that came from the user, with BH off
 * @td: counters of the device, or of the orphans
 * @queue: index of the queue, or %TAPDROP_NO_QUEUE
 * @reason: a name out of TAPDROP_REASONS()
 * @skb: the frame, before it is freed; NULL if there is none
 *
 * Context: that of tapdrop_to_user_bh().
 */
#define tapdrop_from_user_bh(td, queue, reason, skb) \
	tapdrop_count_bh(td, queue, TAPDROP_FROM_USER_##reason, 1, skb, 0)

/**
 * tapdrop_to_user_bh_n - lose frames on their way to the user, with BH off
 * @td: counters of the device, or of the orphans
 * @queue: index of the queue, or %TAPDROP_NO_QUEUE
 * @reason: a name out of TAPDROP_REASONS()
 * @packets: number of frames
 *
 * Context: that of tapdrop_to_user_bh().
 */
#define tapdrop_to_user_bh_n(td, queue, reason, packets) \
	tapdrop_count_bh(td, queue, TAPDROP_TO_USER_##reason, packets, NULL, 0)

#endif /* _TAPDROP_HOOKS_H */
