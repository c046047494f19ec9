// SPDX-License-Identifier: GPL-2.0-only
/* The counters of one device: its kind, its life, its name, its sums. */

#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/sched.h>
#include <linux/seqlock.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/rtnetlink.h>

#include "device.h"
#include "store.h"

static DEFINE_SEQLOCK(tapdrop_names_lock);
static struct workqueue_struct *tapdrop_free_wq;

/**
 * tapdrop_kind_by_name - which kind of device is this?
 * @name: of its rtnl_link_ops, which its character device has as well; both
 *	modes of tun are one kind here
 *
 * Return: enum tapdrop_kind, or 0 if it is none.
 */
int tapdrop_kind_by_name(const char *name)
{
	if (!strcmp(name, "tun"))
		return TAPDROP_KIND_TUN;
	if (!strcmp(name, "macvtap"))
		return TAPDROP_KIND_MACVTAP;
	if (!strcmp(name, "ipvtap"))
		return TAPDROP_KIND_IPVTAP;
	return 0;
}

/**
 * tapdrop_kind - which kind of device is this?
 * @dev: a device; its rtnl_link_ops and header_ops are set
 *
 * The mode of a tun device is in its private memory, which another driver's
 * looks different. Its type is no sign of it: TUNSETLINK sets that to anything.
 *
 * Return: enum tapdrop_kind, or 0 if it is none of ours.
 */
int tapdrop_kind(const struct net_device *dev)
{
	const struct rtnl_link_ops *ops = dev->rtnl_link_ops;
	int kind = ops ? tapdrop_kind_by_name(ops->kind) : 0;

	/* In IFF_TUN mode, it has no link layer to make a header of. */
	if (kind == TAPDROP_KIND_TUN &&
	    dev->header_ops && dev->header_ops->create)
		kind = TAPDROP_KIND_TAP;
	return kind;
}
EXPORT_SYMBOL_GPL(tapdrop_kind);

static void tapdrop_dev_free(struct work_struct *work)
{
	struct tapdrop_dev *td = container_of(to_rcu_work(work),
					      struct tapdrop_dev, free);

	tapdrop_store_end(td);
	kfree(td);
}

/**
 * tapdrop_dev_alloc - allocate the counters of a device
 * @dev: the device; NULL for the orphans of a network namespace
 * @queues: number of queues to make room for now
 *
 * The memory cgroup of the caller pays.
 *
 * Context: process.
 *
 * Return: counters with one reference, to be given back with
 * tapdrop_dev_put(), or NULL.
 */
struct tapdrop_dev *tapdrop_dev_alloc(struct net_device *dev,
				      unsigned int queues)
{
	struct tapdrop_dev *td;

	td = kzalloc_obj(*td, GFP_KERNEL_ACCOUNT);
	if (!td)
		return NULL;

	if (!tapdrop_store_start(td, queues)) {
		kfree(td);
		return NULL;
	}

	INIT_RCU_WORK(&td->free, tapdrop_dev_free);
	refcount_set(&td->ref, 1);
	td->since = get_jiffies_64();
	td->dev = dev;
	return td;
}

/**
 * tapdrop_dev_put - give back a reference
 * @td: counters of a device, or NULL
 *
 * Context: any.
 */
void tapdrop_dev_put(struct tapdrop_dev *td)
{
	if (td && refcount_dec_and_test(&td->ref))
		queue_rcu_work(tapdrop_free_wq, &td->free);
}

/**
 * tapdrop_dev_unused - nobody has a queue of a tun device any more
 * @td: counters of a device
 *
 * It may stay for years: do not keep the memory cgroups of those who had one.
 *
 * Context: process, RTNL held; what its queues held has been counted.
 */
void tapdrop_dev_unused(struct tapdrop_dev *td)
{
	tapdrop_store_unpaid(td);
}
EXPORT_SYMBOL_GPL(tapdrop_dev_unused);

/**
 * tapdrop_dev_parted - the queues of a tun device have lost it for good
 * @td: counters of a device that is being unregistered, or NULL
 *
 * A writer or a reader may still be in the driver for it, while his queue becomes
 * one of another device: what he loses belongs to no queue.
 *
 * Context: process, RTNL held; what the queues held has been counted.
 */
void tapdrop_dev_parted(struct tapdrop_dev *td)
{
	/* tapdrop_store_any_index() was called, so that hooks see this. */
	if (td)
		WRITE_ONCE(td->parted, true);
}
EXPORT_SYMBOL_GPL(tapdrop_dev_parted);

/**
 * tapdrop_queue_put - end a queue on top of tap
 * @td: counters from tapdrop_dev_get() or tapdrop_dev_leave(), or NULL
 *
 * Context: any; what the queue held has been counted.
 */
void tapdrop_queue_put(struct tapdrop_dev *td)
{
	if (!td)
		return;

	if (atomic_dec_and_test(&td->open))
		tapdrop_store_unpaid(td);
	tapdrop_dev_put(td);
}
EXPORT_SYMBOL_GPL(tapdrop_queue_put);

/**
 * tapdrop_dev_named - note the new name of a device
 * @td: counters of a device
 *
 * Context: process, RTNL held.
 */
void tapdrop_dev_named(struct tapdrop_dev *td)
{
	/* Modules cannot take the core's own lock for names. */
	write_seqlock(&tapdrop_names_lock);
	strscpy(td->name, td->dev->name, sizeof(td->name));
	write_sequnlock(&tapdrop_names_lock);
}

/**
 * tapdrop_dev_changed - note that readers see a device anew
 * @td: counters of a device, which they can see by now
 *
 * Context: any.
 */
void tapdrop_dev_changed(struct tapdrop_dev *td)
{
	/* As hooks do; see tapdrop_cursor_new(). */
	rcu_read_lock();
	WRITE_ONCE(td->changed, jiffies);
	rcu_read_unlock();
}

static void tapdrop_dev_name(const struct tapdrop_dev *td, char *name)
{
	unsigned int seq;

	do {
		seq = read_seqbegin(&tapdrop_names_lock);
		memcpy(name, td->name, IFNAMSIZ);
	} while (read_seqretry(&tapdrop_names_lock, seq));
}

static void tapdrop_view_alias(struct tapdrop_view *view,
			       const struct net_device *dev)
{
	const struct dev_ifalias *alias;

	rcu_read_lock();
	alias = dev ? rcu_dereference(dev->ifalias) : NULL;
	strscpy(view->alias, alias ? alias->ifalias : "", sizeof(view->alias));
	rcu_read_unlock();
}

/* How many queues it has. A driver may set that to another number when they have lost
 * it.
 */
static unsigned int tapdrop_attached(const struct tapdrop_dev *td)
{
	const unsigned int *attached = READ_ONCE(td->attached);
	unsigned int queues;

	if (!attached || READ_ONCE(td->retired))
		return 0;

	queues = READ_ONCE(*attached);
	/* Pairs with smp_wmb() in tapdrop_dev_retire(). */
	smp_rmb();
	return READ_ONCE(td->retired) ? 0 : queues;
}

/**
 * tapdrop_view - look at a device, or the orphans
 * @view: where to put what there is to see, without a reference
 * @td: counters of a device that was listed, or of the orphans
 *
 * Context: process. The device is listed and the caller holds RTNL, or is in
 * the RCU read-side critical section in which it found the device listed; or
 * the caller ends the device.
 */
void tapdrop_view(struct tapdrop_view *view, struct tapdrop_dev *td)
{
	view->td = td;
	view->ifindex = READ_ONCE(td->ifindex);
	view->kind = td->kind;
	view->queues = tapdrop_attached(td);
	view->coverage = td->adopted ? TAPDROP_COVERAGE_ATTACHED :
				       TAPDROP_COVERAGE_DRIVER;
	tapdrop_dev_name(td, view->name);
	tapdrop_view_alias(view, td->dev);
}

/**
 * tapdrop_view_uncounted - look at a device that is not counted
 * @view: where to put what there is to see
 * @dev: the device
 * @ifindex: under which it was found
 *
 * The name may be changing, and then is the first half of one and the second of
 * another. Modules cannot take the core's lock for names, and nothing is kept of
 * the device that would be ours to lock. A dump that does not end before the
 * change says that it was interrupted.
 *
 * Context: caller holds RTNL or is in an RCU read-side critical section.
 */
void tapdrop_view_uncounted(struct tapdrop_view *view,
			    const struct net_device *dev, u32 ifindex)
{
	view->td = NULL;
	view->ifindex = ifindex;
	view->kind = tapdrop_kind(dev);
	view->queues = 0;
	view->coverage = TAPDROP_COVERAGE_NONE;
	strscpy(view->name, dev->name, sizeof(view->name));
	tapdrop_view_alias(view, dev);
}

/**
 * tapdrop_view_compare - compare a device that is counted with how it was shown
 * @view: the device
 *
 * Nobody is told of a new alias, nor we of the number of attached queues: readers
 * who ask for what changed learn of it because each of them looks. One change of
 * an alias in four thousand million is not noticed.
 *
 * Context: process; takes no lock. If two readers saw different devices, it will
 * differ once more.
 */
void tapdrop_view_compare(const struct tapdrop_view *view)
{
	struct tapdrop_dev *td = view->td;
	u32 shown = view->queues;

	if (*view->alias)
		shown = jhash(view->alias, strlen(view->alias), shown);
	if (READ_ONCE(td->shown) == shown)
		return;
	WRITE_ONCE(td->shown, shown);
	tapdrop_dev_changed(td);
}

/* Sums reschedule after this many queues without a loss, and after each with one. */
#define TAPDROP_IDLE_STRETCH	32

/**
 * tapdrop_dev_sum - sum the counters of all queues and the no-queue block
 * @td: counters of a device
 * @sums: where to add them
 *
 * Context: process; may sleep, takes no lock.
 */
void tapdrop_dev_sum(const struct tapdrop_dev *td, struct tapdrop_sums *sums)
{
	unsigned int i, end;

	/* Before the table; pairs with the release at the attach. */
	end = smp_load_acquire(&td->queues_end);
	tapdrop_store_sum(td, TAPDROP_NO_QUEUE, sums);
	for (i = 0; i < end; i++)
		if (tapdrop_store_sum(td, i, sums) ||
		    i % TAPDROP_IDLE_STRETCH == TAPDROP_IDLE_STRETCH - 1)
			cond_resched();
}

/**
 * tapdrop_device_init - prepare for devices
 *
 * Return: 0 or a negative errno.
 */
int __init tapdrop_device_init(void)
{
	int err;

	tapdrop_free_wq = alloc_workqueue("tapdrop", WQ_UNBOUND, 0);
	if (!tapdrop_free_wq)
		return -ENOMEM;

	err = tapdrop_store_init();
	if (err)
		destroy_workqueue(tapdrop_free_wq);
	return err;
}

/**
 * tapdrop_device_exit - undo tapdrop_device_init()
 *
 * Context: process; no device is left, but perhaps memory of one.
 */
void tapdrop_device_exit(void)
{
	/* Callbacks queue work. */
	rcu_barrier();
	destroy_workqueue(tapdrop_free_wq);
	tapdrop_store_exit();
}
