// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which devices there are.
 *
 * A device is in a hash by its address for the drivers, and in its network
 * namespace's index by ifindex for readers. The latter follows the netdevice
 * notifier: a move to another namespace is an UNREGISTER in the old one and a
 * REGISTER in the new one, with counters that stay.
 */

#include <linux/hashtable.h>
#include <linux/moduleparam.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "device.h"
#include "notify.h"
#include "registry.h"
#include "store.h"

static DEFINE_HASHTABLE(tapdrop_devs, 10);
static DEFINE_SPINLOCK(tapdrop_devs_lock);
static unsigned long tapdrop_tracked;	/* bit per enum tapdrop_kind, RTNL */
static unsigned int tapdrop_net_id __read_mostly;

/**
 * tapdrop_net - get the devices of a network namespace
 * @net: the namespace
 *
 * Return: never NULL as long as @net lives.
 */
struct tapdrop_net *tapdrop_net(const struct net *net)
{
	return net_generic(net, tapdrop_net_id);
}

/**
 * tapdrop_net_changed - note that the set of devices, queues or names has changed
 * @tn: the devices of a network namespace
 *
 * Context: RTNL held.
 */
void tapdrop_net_changed(struct tapdrop_net *tn)
{
	/* Writers hold RTNL; zero means "no generation" to netlink. The store
	 * follows the change; pairs with the reads around the walk of a dump.
	 */
	smp_store_release(&tn->generation, tn->generation + 1 ?: 1);
}

/**
 * tapdrop_dev_lookup - find counters by the address of the device, even paused
 * @dev: a device; not dereferenced, so that it may be gone
 *
 * Context: that of tapdrop_dev_find().
 *
 * Return: the counters, or NULL.
 */
struct tapdrop_dev *tapdrop_dev_lookup(const struct net_device *dev)
{
	struct tapdrop_dev *td;

	/* Not only for callers with RTNL: others in the bucket end without it. */
	rcu_read_lock();
	hash_for_each_possible_rcu(tapdrop_devs, td, node, (unsigned long)dev)
		if (READ_ONCE(td->dev) == dev)
			break;
	rcu_read_unlock();
	return td;
}

/**
 * tapdrop_dev_find - find the counters of a device by its address
 * @dev: a device; not dereferenced, so that it may be gone
 *
 * Context: caller holds RTNL or is in an RCU read-side critical section, for
 * as long as it uses the result.
 *
 * Return: the counters, or NULL.
 */
struct tapdrop_dev *tapdrop_dev_find(const struct net_device *dev)
{
	struct tapdrop_dev *td = tapdrop_dev_lookup(dev);

	return td && !READ_ONCE(td->paused) ? td : NULL;
}
EXPORT_SYMBOL_GPL(tapdrop_dev_find);

/* Up to 8 queues at once, so that a few do not grow the table. */
#define TAPDROP_FEW_QUEUES	8U

/**
 * tapdrop_dev_make - make the counters of a device
 * @dev: the device; its rtnl_link_ops and type are set
 * @attached: where the driver keeps its number of attached queues
 * @adopted: it is that of a stock driver
 *
 * Context: process, RTNL held.
 *
 * Return: counters, or NULL.
 */
struct tapdrop_dev *tapdrop_dev_make(struct net_device *dev,
				     const unsigned int *attached, bool adopted)
{
	int kind = tapdrop_kind(dev);
	struct tapdrop_dev *td;
	unsigned int queues;

	/* The queues of an adopted device are opened without a word. */
	queues = adopted ? TAPDROP_MAX_QUEUES : TAPDROP_FEW_QUEUES;
	if (!adopted || kind <= TAPDROP_KIND_TAP)
		queues = min(dev->num_tx_queues, queues);
	td = tapdrop_dev_alloc(dev, queues);
	if (!td)
		return NULL;

	td->kind = kind;
	td->queue_in_skb = kind <= TAPDROP_KIND_TAP;
	td->netns = dev_net(dev)->ns.inum;
	td->attached = attached;
	td->adopted = adopted;
	/* tapdrop_adopt() lets it be found. */
	td->paused = adopted;
	if (adopted)
		tapdrop_store_adopt(td);
	spin_lock(&tapdrop_devs_lock);
	hash_add_rcu(tapdrop_devs, &td->node, (unsigned long)dev);
	spin_unlock(&tapdrop_devs_lock);
	return td;
}

/**
 * tapdrop_dev_add - start to count for a device of the tun driver
 * @dev: the device; its rtnl_link_ops and type are set
 * @attached: where the driver keeps its number of attached queues
 *
 * Readers see the device from NETDEV_REGISTER to NETDEV_UNREGISTER.
 *
 * Context: process, RTNL held.
 *
 * Return: counters, to be ended with tapdrop_dev_end(), or an ERR_PTR():
 * -ENOMEM.
 */
struct tapdrop_dev *tapdrop_dev_add(struct net_device *dev,
				    const unsigned int *attached)
{
	return tapdrop_dev_make(dev, attached, false) ?: ERR_PTR(-ENOMEM);
}
EXPORT_SYMBOL_GPL(tapdrop_dev_add);

/**
 * tapdrop_dev_unhash - make a device's counters such that nobody finds them
 * @td: counters of a device
 *
 * Context: any but interrupts.
 *
 * Return: false if somebody else has done so, who ends them.
 */
bool tapdrop_dev_unhash(struct tapdrop_dev *td)
{
	bool mine;

	spin_lock(&tapdrop_devs_lock);
	mine = hash_hashed(&td->node);
	hash_del_rcu(&td->node);
	spin_unlock(&tapdrop_devs_lock);
	return mine;
}

/**
 * tapdrop_dev_finish - send the final counters of a device and forget it
 * @td: counters for which tapdrop_dev_unhash() was true
 *
 * Context: that of tapdrop_dev_end().
 */
void tapdrop_dev_finish(struct tapdrop_dev *td)
{
	if (td->net) {
		tapdrop_nl_notify_del(td, td->net, true);
		put_net(td->net);
	}
	tapdrop_dev_put(td);
}

/**
 * tapdrop_dev_end - send the final counters of a device and forget it
 * @td: counters from tapdrop_dev_add()
 *
 * Context: process; the device's references are gone or its hooks can no
 * longer be reached.
 */
void tapdrop_dev_end(struct tapdrop_dev *td)
{
	if (tapdrop_dev_unhash(td))
		tapdrop_dev_finish(td);
}
EXPORT_SYMBOL_GPL(tapdrop_dev_end);

/**
 * tapdrop_dev_next - find the next of some devices
 * @bucket: of the hash, where to begin, at first 0; where it was found
 * @kinds: bit for each enum tapdrop_kind
 * @is: whether a device is one of them; not any more when this is called again
 *
 * Context: RTNL held.
 *
 * Return: its counters, and a reference; NULL if there is none.
 */
struct tapdrop_dev *tapdrop_dev_next(unsigned int *bucket, unsigned long kinds,
				     bool (*is)(const struct tapdrop_dev *td))
{
	struct tapdrop_dev *td;

	spin_lock(&tapdrop_devs_lock);
	for (; *bucket < HASH_SIZE(tapdrop_devs); ++*bucket) {
		hlist_for_each_entry(td, &tapdrop_devs[*bucket], node) {
			if (!(kinds & BIT(td->kind)) || !is(td))
				continue;
			refcount_inc(&td->ref);
			spin_unlock(&tapdrop_devs_lock);
			return td;
		}
	}
	spin_unlock(&tapdrop_devs_lock);
	return NULL;
}

/**
 * tapdrop_dev_get - get the counters of a device on top of tap
 * @dev: the device
 * @attached: where the driver keeps its number of attached queues
 *
 * Context: RTNL held.
 *
 * Return: counters, to be given back with tapdrop_queue_put(), or NULL if @dev
 * is of a kind that is not tracked.
 */
struct tapdrop_dev *tapdrop_dev_get(struct net_device *dev,
				    const unsigned int *attached)
{
	struct tapdrop_dev *td = tapdrop_dev_find(dev);

	ASSERT_RTNL();

	if (td) {
		WRITE_ONCE(td->attached, attached);
		refcount_inc(&td->ref);
		atomic_inc(&td->open);
	}
	return td;
}
EXPORT_SYMBOL_GPL(tapdrop_dev_get);

/**
 * tapdrop_orphans - get the counters for queues without a device
 * @net: namespace of the queue's socket
 *
 * Context: any; the caller's socket keeps @net alive.
 *
 * Return: never NULL.
 */
struct tapdrop_dev *tapdrop_orphans(const struct net *net)
{
	return tapdrop_net(net)->orphans;
}
EXPORT_SYMBOL_GPL(tapdrop_orphans);

/**
 * tapdrop_dev_retire - the queues of a device on top of tap lose it
 * @dev: the device
 *
 * Readers do not ask for its number of queues any more. Frames that are purged
 * from a queue that was closed before count for the orphans.
 *
 * Context: RTNL held; the device's receive handler is gone.
 */
void tapdrop_dev_retire(struct net_device *dev)
{
	struct tapdrop_dev *td = tapdrop_dev_find(dev);

	ASSERT_RTNL();

	if (td) {
		WRITE_ONCE(td->retired, true);
		/* Pairs with the one where readers ask for that number. */
		smp_wmb();
	}
}
EXPORT_SYMBOL_GPL(tapdrop_dev_retire);

/**
 * tapdrop_dev_leave - a queue loses its device
 * @drops: where the queue has the counters of the device, read under RCU; from
 *	now on those of the orphans, and a reference of them
 * @net: namespace of the queue's socket
 *
 * Hooks that saw the device have counted before its NETDEV_UNREGISTER, because
 * unregister_netdevice_many() waits for RCU before that.
 *
 * Context: RTNL held.
 */
void tapdrop_dev_leave(struct tapdrop_dev **drops, const struct net *net)
{
	struct tapdrop_dev *orphans = tapdrop_orphans(net);
	struct tapdrop_dev *td = *drops;

	ASSERT_RTNL();

	refcount_inc(&orphans->ref);
	atomic_inc(&orphans->open);
	/* They are older than the queue, but maybe not to another CPU: pairs
	 * with the address dependency in the hooks.
	 */
	smp_store_release(drops, orphans);
	tapdrop_queue_put(td);
}
EXPORT_SYMBOL_GPL(tapdrop_dev_leave);

/**
 * tapdrop_queue_add - give a queue index counters of its own
 * @td: counters of a device, or NULL
 * @queue: index that is about to be attached
 *
 * An index that was attached before keeps its counters; from now on the caller
 * pays. If memory is short the index counts in the no-queue block.
 *
 * Context: process, RTNL held; before a hook can see the index.
 */
void tapdrop_queue_add(struct tapdrop_dev *td, unsigned int queue)
{
	unsigned int end;

	ASSERT_RTNL();

	if (!td || queue >= TAPDROP_MAX_QUEUES)
		return;

	end = td->queues_end;
	tapdrop_store_attach(td, queue);
	if (td->listed && td->queues_end != end)
		tapdrop_net_changed(tapdrop_net(dev_net(td->dev)));
}
EXPORT_SYMBOL_GPL(tapdrop_queue_add);

/**
 * tapdrop_queue_move - a queue gets the index of one that was detached
 * @td: counters of a device, or NULL
 * @from: index that it had
 * @to: index that it gets, perhaps the same
 *
 * Counters belong to an index and stay where they are. From now on whoever has
 * the queue pays for those of @to.
 *
 * Context: process, RTNL held.
 */
void tapdrop_queue_move(struct tapdrop_dev *td, unsigned int from,
			unsigned int to)
{
	ASSERT_RTNL();

	if (td)
		tapdrop_store_move(td, from, to);
}
EXPORT_SYMBOL_GPL(tapdrop_queue_move);

/* One that ends just now is not listed any more. */
static bool tapdrop_view_get(struct tapdrop_view *view, struct net *net,
			     struct tapdrop_dev *td, u32 ifindex)
{
	struct net_device *dev;

	if (td == TAPDROP_UNCOUNTED || tapdrop_adopted_idle(td)) {
		dev = dev_get_by_index_rcu(net, ifindex);
		if (dev)
			tapdrop_view_uncounted(view, dev, ifindex);
		return dev && view->kind;
	}
	if (!refcount_inc_not_zero(&td->ref))
		return false;
	tapdrop_view(view, td);
	return true;
}

/**
 * tapdrop_view_find - find a device and take a reference to its counters
 * @view: where to put what there is to see; to be given back with
 *	tapdrop_dev_put()
 * @net: the network namespace
 * @first: the lowest index to look at
 * @last: the highest
 *
 * What the view says stays as it was found, whatever becomes of the device.
 *
 * Context: process.
 *
 * Return: whether there is one; the one with the lowest index.
 */
bool tapdrop_view_find(struct tapdrop_view *view, struct net *net, u32 first,
		       u32 last)
{
	struct xarray *devs = &tapdrop_net(net)->devs;
	unsigned long ifindex = first;
	struct tapdrop_dev *td;

	rcu_read_lock();
	td = xa_find(devs, &ifindex, last, XA_PRESENT);
	while (td && !tapdrop_view_get(view, net, td, ifindex))
		td = xa_find_after(devs, &ifindex, last, XA_PRESENT);
	rcu_read_unlock();
	return td;
}

/**
 * tapdrop_track - a driver that calls our hooks serves this kind of device
 * @kind: "tun", "macvtap" or "ipvtap"
 *
 * Context: process; no device on top of tap exists yet that is of this kind.
 */
void tapdrop_track(const char *kind)
{
	set_bit(tapdrop_kind_by_name(kind), &tapdrop_tracked);
}
EXPORT_SYMBOL_GPL(tapdrop_track);

/**
 * tapdrop_untrack - the driver for this kind of device goes away
 * @kind: "tun", "macvtap" or "ipvtap"
 *
 * Context: process; no device on top of tap exists any more that is of this
 * kind.
 */
void tapdrop_untrack(const char *kind)
{
	clear_bit(tapdrop_kind_by_name(kind), &tapdrop_tracked);
}
EXPORT_SYMBOL_GPL(tapdrop_untrack);

/**
 * tapdrop_counting - is there a driver that calls our hooks, or a livepatch?
 *
 * Return: whether a frame of a queue without a device would count.
 */
bool tapdrop_counting(void)
{
	return READ_ONCE(tapdrop_tracked) || tapdrop_adopted_kinds();
}

static bool tapdrop_is_tracked(const struct net_device *dev)
{
	int kind = tapdrop_kind(dev);

	return kind >= TAPDROP_KIND_MACVTAP && test_bit(kind, &tapdrop_tracked);
}

/* How many are indexed as uncounted, in all namespaces; under RTNL */
static unsigned int tapdrop_uncounted;

static void tapdrop_uncounted_replace(const void *old, const void *entry)
{
	unsigned int n = tapdrop_uncounted;

	n += (entry == TAPDROP_UNCOUNTED) - (old == TAPDROP_UNCOUNTED);
	WRITE_ONCE(tapdrop_uncounted, n);
}

static int tapdrop_get_uncounted(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(tapdrop_uncounted));
}

static const struct kernel_param_ops tapdrop_uncounted_ops = {
	.get = tapdrop_get_uncounted,
};

module_param_cb(uncounted, &tapdrop_uncounted_ops, NULL, 0444);
MODULE_PARM_DESC(uncounted, "Devices of all namespaces that are not counted");

/**
 * tapdrop_index - show a device to readers, or show it as something else
 * @dev: the device
 * @entry: its counters, or %TAPDROP_UNCOUNTED
 *
 * Nobody asks whether a move between namespaces has failed, and the driver of a
 * device that is not counted has nothing to do with us: so this cannot fail. It
 * takes up to six nodes of some 600 bytes, for which the caller pays.
 *
 * Context: process, RTNL held.
 */
void tapdrop_index(struct net_device *dev, void *entry)
{
	struct tapdrop_net *tn = tapdrop_net(dev_net(dev));

	tapdrop_uncounted_replace(xa_load(&tn->devs, dev->ifindex), entry);
	xa_store(&tn->devs, dev->ifindex, entry, GFP_KERNEL | __GFP_NOFAIL);
	tapdrop_net_changed(tn);
}

static void tapdrop_list_uncounted(struct net_device *dev)
{
	tapdrop_index(dev, TAPDROP_UNCOUNTED);
	tapdrop_nl_notify_uncounted(dev, TAPDROP_CMD_DEVICE_ADD_NTF);
}

static void tapdrop_unindex(const struct net_device *dev)
{
	struct tapdrop_net *tn = tapdrop_net(dev_net(dev));

	tapdrop_uncounted_replace(xa_erase(&tn->devs, dev->ifindex), NULL);
	tapdrop_net_changed(tn);
}

static void tapdrop_unlist_uncounted(struct net_device *dev)
{
	struct tapdrop_net *tn = tapdrop_net(dev_net(dev));

	/* The core repeats the event as long as somebody holds the device, and
	 * another may have its index by then.
	 */
	if (dev->reg_state == NETREG_UNREGISTERED ||
	    xa_load(&tn->devs, dev->ifindex) != TAPDROP_UNCOUNTED)
		return;

	tapdrop_unindex(dev);
	tapdrop_nl_notify_uncounted(dev, TAPDROP_CMD_DEVICE_DEL_NTF);
}

/**
 * tapdrop_dev_placed - note where a device is, and what it is called
 * @td: counters of the device
 * @dev: the device
 *
 * Context: RTNL held.
 */
void tapdrop_dev_placed(struct tapdrop_dev *td, const struct net_device *dev)
{
	tapdrop_dev_named(td);
	WRITE_ONCE(td->ifindex, dev->ifindex);
	WRITE_ONCE(td->netns, dev_net(dev)->ns.inum);
}

/**
 * tapdrop_list_counted - show the counters of a device to readers
 * @td: counters of the device
 * @dev: the device, in its namespace's index as uncounted, or not at all
 *
 * Context: RTNL held.
 */
void tapdrop_list_counted(struct tapdrop_dev *td, struct net_device *dev)
{
	tapdrop_dev_placed(td, dev);
	tapdrop_index(dev, td);
	td->listed = true;
	/* After it is there: see tapdrop_cursor_new(). */
	tapdrop_dev_changed(td);
	tapdrop_nl_notify_add(td, dev_net(dev));
}

/* Not those of another that was at this address: see tapdrop_adopted_forget(). */
static struct tapdrop_dev *tapdrop_dev_of(const struct net_device *dev)
{
	struct tapdrop_dev *td = tapdrop_dev_find(dev);

	return td && td->retired && !td->listed ? NULL : td;
}

/* Between two namespaces: NETDEV_UNREGISTER in the old one is followed by
 * NETDEV_REGISTER in the new one. Under RTNL, and only compared.
 */
static const struct net_device *tapdrop_moving;

/**
 * tapdrop_moves - is a device that is being registered not a new one?
 * @dev: the device
 *
 * Context: in a notifier before the registry's, RTNL held.
 *
 * Return: whether it was registered in another network namespace before.
 */
bool tapdrop_moves(const struct net_device *dev)
{
	return dev == tapdrop_moving;
}

static int tapdrop_list(struct net_device *dev)
{
	struct tapdrop_dev *td = tapdrop_dev_of(dev);

	tapdrop_moving = NULL;
	if (!td && tapdrop_is_tracked(dev)) {
		td = tapdrop_dev_add(dev, NULL);
		if (IS_ERR(td))
			return PTR_ERR(td);
	}
	if (!td) {
		if (tapdrop_kind(dev))
			tapdrop_list_uncounted(dev);
		return 0;
	}

	tapdrop_list_counted(td, dev);
	return 0;
}

static void tapdrop_unlist(struct net_device *dev)
{
	struct tapdrop_dev *td = tapdrop_dev_of(dev);
	struct net *net = dev_net(dev);
	bool listed;

	if (dev->reg_state == NETREG_REGISTERED)
		tapdrop_moving = dev;
	if (!td) {
		tapdrop_unlist_uncounted(dev);
		if (dev->reg_state == NETREG_UNREGISTERING)
			tapdrop_adopted_end(dev);
		return;
	}

	listed = td->listed;
	if (listed) {
		td->listed = false;
		tapdrop_unindex(dev);
	}

	if (dev->reg_state != NETREG_UNREGISTERING) {
		if (listed) {
			tapdrop_nl_notify_del(td, net, false);
			/* Before another device gets index and name here. */
			synchronize_net();
		}
		return;
	}

	/* The device may outlive its namespace. Nobody can listen in one that
	 * is already going away.
	 */
	if (listed)
		td->net = maybe_get_net(net);

	/* A tun device can still lose frames, and ends in its destructor. The
	 * core repeats the event as long as somebody holds the device.
	 */
	WRITE_ONCE(td->retired, true);
	tapdrop_store_any_index(td);
	if (td->kind >= TAPDROP_KIND_MACVTAP)
		tapdrop_dev_end(td);
}

static void tapdrop_rename(struct net_device *dev)
{
	struct tapdrop_net *tn = tapdrop_net(dev_net(dev));
	struct tapdrop_dev *td;

	td = xa_load(&tn->devs, dev->ifindex);
	if (!td)
		return;

	if (td != TAPDROP_UNCOUNTED) {
		tapdrop_dev_named(td);
		tapdrop_dev_changed(td);
	}
	tapdrop_net_changed(tn);
}

static int tapdrop_netdev_event(struct notifier_block *nb, unsigned long event,
				void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);

	switch (event) {
	case NETDEV_REGISTER:
		return notifier_from_errno(tapdrop_list(dev));
	case NETDEV_UNREGISTER:
		tapdrop_unlist(dev);
		break;
	case NETDEV_CHANGENAME:
		tapdrop_rename(dev);
		break;
	}
	return NOTIFY_DONE;
}

/* Before IPv4 and IPv6, which end the chain if they refuse a device: one that moves
 * has moved all the same.
 */
static struct notifier_block tapdrop_netdev_notifier = {
	.notifier_call = tapdrop_netdev_event,
	.priority = 1,
};

static int __net_init tapdrop_net_init(struct net *net)
{
	struct tapdrop_net *tn = tapdrop_net(net);

	tn->orphans = tapdrop_dev_alloc(NULL, 0);
	if (!tn->orphans)
		return -ENOMEM;

	tn->orphans->retired = true;
	tn->orphans->parted = true;
	tn->orphans->netns = net->ns.inum;
	xa_init_flags(&tn->devs, XA_FLAGS_ACCOUNT);
	tn->generation = 1;
	return 0;
}

static void __net_exit tapdrop_net_exit(struct net *net)
{
	struct tapdrop_net *tn = tapdrop_net(net);

	xa_destroy(&tn->devs);
	tapdrop_dev_put(tn->orphans);
}

static struct pernet_operations tapdrop_net_ops = {
	.init = tapdrop_net_init,
	.exit = tapdrop_net_exit,
	.id = &tapdrop_net_id,
	.size = sizeof(struct tapdrop_net),
};

/**
 * tapdrop_registry_init - start to follow network namespaces and devices
 *
 * Return: 0 or a negative errno.
 */
int __init tapdrop_registry_init(void)
{
	int err;

	err = register_pernet_subsys(&tapdrop_net_ops);
	if (err)
		return err;

	err = register_netdevice_notifier(&tapdrop_netdev_notifier);
	if (err)
		unregister_pernet_subsys(&tapdrop_net_ops);
	return err;
}

/**
 * tapdrop_registry_exit - undo tapdrop_registry_init()
 *
 * Drivers that count hold the module, so that none of their devices is left but
 * paused ones.
 */
void tapdrop_registry_exit(void)
{
	struct hlist_node *tmp;
	struct tapdrop_dev *td;
	unsigned int i;

	unregister_netdevice_notifier(&tapdrop_netdev_notifier);
	hash_for_each_safe(tapdrop_devs, i, tmp, td, node)
		tapdrop_dev_end(td);
	unregister_pernet_subsys(&tapdrop_net_ops);
}
