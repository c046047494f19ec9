// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that have gone, but whose address still means them.
 *
 * vhost_net takes frames off a ring, and may give them back long after. It then
 * passes the frame alone, which has a pointer to its device, but no reference.
 * A queue keeps the memory of the devices that it has outlived, so that no
 * other device is found under that address, but the orphans of the queue's
 * network namespace.
 */

#include <linux/device.h>
#include <linux/hashtable.h>
#include <linux/netdevice.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <net/sock.h>

#include "device.h"

/**
 * struct tapdrop_gone - a device that a queue has outlived
 * @next: the one before it
 * @more: in the first entry of a list: the first entry of the next list
 * @node: in the hash by @dev
 * @rcu: for freeing
 * @dev: with a reference, which keeps the memory but not the device
 * @orphans: counters for its frames, with a reference
 */
struct tapdrop_gone {
	struct tapdrop_gone *next;
	struct tapdrop_gone *more;
	struct hlist_node node;
	struct rcu_head rcu;
	struct net_device *dev;
	struct tapdrop_dev *orphans;
};

static DEFINE_HASHTABLE(tapdrop_gone_devs, 10);
static DEFINE_SPINLOCK(tapdrop_gone_lock);

/* Who opened the queue pays, also if the end of a namespace deletes the device, which
 * a worker of the kernel does. That must not reclaim memory for him, with RTNL held,
 * so he is charged beyond his limit if need be.
 */
static struct tapdrop_gone *tapdrop_gone_alloc(const struct sock *sk)
{
	struct tapdrop_gone *gone;
	struct mem_cgroup *old;

	old = set_active_memcg(mem_cgroup_from_sk(sk));
	gone = kmalloc_obj(*gone, GFP_ATOMIC | __GFP_ACCOUNT | __GFP_NOWARN);
	set_active_memcg(old);
	return gone ?: kmalloc_obj(*gone, GFP_KERNEL | __GFP_NOFAIL);
}

/**
 * tapdrop_gone_add - keep the memory of a device that goes away
 * @gone: the queue's list
 * @dev: the device, which is being unregistered
 * @sk: the queue's socket
 *
 * The device goes in any case, and its frames must not count for another at its
 * address, which may be another user's: so this cannot fail.
 *
 * Context: process, RTNL held.
 */
void tapdrop_gone_add(struct tapdrop_gone **gone, struct net_device *dev,
		      const struct sock *sk)
{
	struct tapdrop_gone *new;

	/* If the registration failed, there was no frame. */
	if (dev->reg_state == NETREG_UNINITIALIZED)
		return;

	new = tapdrop_gone_alloc(sk);
	get_device(&dev->dev);
	new->dev = dev;
	new->orphans = tapdrop_orphans(sock_net(sk));
	refcount_inc(&new->orphans->ref);
	new->next = *gone;
	new->more = NULL;
	*gone = new;

	spin_lock(&tapdrop_gone_lock);
	hash_add_rcu(tapdrop_gone_devs, &new->node, (unsigned long)dev);
	spin_unlock(&tapdrop_gone_lock);
}
EXPORT_SYMBOL_GPL(tapdrop_gone_add);

/**
 * tapdrop_gone_find - find the counters for frames of a device that has gone
 * @dev: a device; not dereferenced, so that it may be anything
 *
 * Context: in an RCU read-side critical section, for as long as the caller uses
 * the result.
 *
 * Return: the orphans of a namespace in which a queue has outlived @dev, or
 * NULL.
 */
struct tapdrop_dev *tapdrop_gone_find(const struct net_device *dev)
{
	struct tapdrop_gone *gone;

	hash_for_each_possible_rcu(tapdrop_gone_devs, gone, node,
				   (unsigned long)dev)
		if (gone->dev == dev)
			return gone->orphans;
	return NULL;
}
EXPORT_SYMBOL_GPL(tapdrop_gone_find);

/**
 * tapdrop_gone_put - let go of the devices that a queue has outlived
 * @gone: the queue's list
 *
 * Context: process; nobody else holds a frame of the queue any more.
 */
void tapdrop_gone_put(struct tapdrop_gone **gone)
{
	struct tapdrop_gone *old;

	while ((old = *gone)) {
		*gone = old->next ?: old->more;
		if (old->next)
			old->next->more = old->more;
		spin_lock(&tapdrop_gone_lock);
		hash_del_rcu(&old->node);
		spin_unlock(&tapdrop_gone_lock);
		put_device(&old->dev->dev);
		tapdrop_dev_put(old->orphans);
		kfree_rcu(old, rcu);
		cond_resched();
	}
}
EXPORT_SYMBOL_GPL(tapdrop_gone_put);

/**
 * tapdrop_gone_move - put a list in front of others
 * @gone: the list, which is empty then
 * @to: the others
 *
 * Context: any; nobody else uses either.
 */
void tapdrop_gone_move(struct tapdrop_gone **gone, struct tapdrop_gone **to)
{
	/* The list may be as long as its user has made it. */
	if (!*gone)
		return;
	(*gone)->more = *to;
	*to = *gone;
	*gone = NULL;
}
EXPORT_SYMBOL_GPL(tapdrop_gone_move);
