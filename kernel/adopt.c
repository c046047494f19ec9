// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices of stock drivers, which count as long as a livepatch is on them.
 *
 * When it comes, each device that is there is adopted, and each that comes later
 * when it is registered. When it goes, they are shown as not counted again. Their
 * counters are kept, unseen, as long as the device lives: they go on if the
 * livepatch comes back.
 */

#include <linux/minmax.h>
#include <linux/net.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>

#include "device.h"
#include "notify.h"
#include "registry.h"
#include "store.h"

/* Bit for each enum tapdrop_kind of the drivers that the livepatch is on. */
static unsigned long tapdrop_adopting;

/**
 * tapdrop_adopted_start - a livepatch calls our hooks for these kinds of device
 * @kinds: bit for each enum tapdrop_kind
 *
 * Context: any; one at a time, as with tapdrop_adopted_stop().
 */
void tapdrop_adopted_start(unsigned long kinds)
{
	WRITE_ONCE(tapdrop_adopting, tapdrop_adopting | kinds);
}
EXPORT_SYMBOL_GPL(tapdrop_adopted_start);

/**
 * tapdrop_adopted_stop - it does no more
 * @kinds: bit for each enum tapdrop_kind
 *
 * From now on devices of these kinds are shown as not counted.
 * tapdrop_adopted_pause() has to follow.
 *
 * Context: any.
 */
void tapdrop_adopted_stop(unsigned long kinds)
{
	WRITE_ONCE(tapdrop_adopting, tapdrop_adopting & ~kinds);
}
EXPORT_SYMBOL_GPL(tapdrop_adopted_stop);

/**
 * tapdrop_adopted_idle - is this an adopted device which nobody counts for?
 * @td: counters of a device
 *
 * Return: whether it is about to be let go.
 */
bool tapdrop_adopted_idle(const struct tapdrop_dev *td)
{
	return td->adopted && !(READ_ONCE(tapdrop_adopting) & BIT(td->kind));
}

/**
 * tapdrop_adopted_kinds - the kinds of adopted device that count
 *
 * A frame of a queue without a device would count as well, if there are any.
 *
 * Return: bit for each enum tapdrop_kind.
 */
unsigned long tapdrop_adopted_kinds(void)
{
	return READ_ONCE(tapdrop_adopting);
}

/* Its device has been unregistered, and was perhaps freed by a function that is not
 * ours, while another livepatch took the place of ours: it is not looked at.
 */
static void tapdrop_adopted_forget(struct tapdrop_dev *td)
{
	if (!tapdrop_dev_unhash(td))
		return;
	/* A stock function may have taken the program off. */
	tapdrop_xdp_set(NULL, &td->generic, NULL);
	WRITE_ONCE(td->dev, NULL);
	tapdrop_dev_finish(td);
}

/**
 * tapdrop_adopt - start to count for a device of a stock driver, or go on
 * @dev: the device; its rtnl_link_ops and type are set
 * @attached: where the driver keeps its number of attached queues
 * @prog: its XDP program, or NULL
 * @registering: it is just being registered, or moves to another namespace
 *
 * Context: process, RTNL held.
 *
 * Return: counters, to be ended with tapdrop_adopted_end(), or NULL if memory is
 * short: the device stays one that is not counted.
 */
struct tapdrop_dev *tapdrop_adopt(struct net_device *dev,
				  const unsigned int *attached,
				  struct bpf_prog *prog, bool registering)
{
	struct tapdrop_net *tn = tapdrop_net(dev_net(dev));
	struct tapdrop_dev *td = tapdrop_dev_lookup(dev);

	ASSERT_RTNL();

	/* Of another that was at this address. */
	if (td && td->retired) {
		tapdrop_adopted_forget(td);
		td = NULL;
	}
	/* It only moves to another network namespace. */
	if (td && !td->paused)
		return td;

	if (!td)
		td = tapdrop_dev_make(dev, attached, true);
	if (!td || tapdrop_xdp_set(dev, &td->generic, prog))
		return NULL;

	WRITE_ONCE(td->born, registering && !tapdrop_moves(dev));
	WRITE_ONCE(td->since, get_jiffies_64());
	tapdrop_dev_placed(td, dev);
	/* From here on the hooks find it. */
	WRITE_ONCE(td->paused, false);
	/* One that is just being registered is listed after this. */
	if (xa_load(&tn->devs, dev->ifindex) == TAPDROP_UNCOUNTED)
		tapdrop_list_counted(td, dev);
	return td;
}
EXPORT_SYMBOL_GPL(tapdrop_adopt);

/**
 * tapdrop_adopted_queues - look whether an adopted device has more queues
 * @td: its counters
 *
 * The first loss of a queue does as much, but until then nobody would see it. Who
 * opened it is not known; who made the device pays, not who lets us look.
 *
 * Context: process, RTNL held.
 */
void tapdrop_adopted_queues(struct tapdrop_dev *td)
{
	unsigned int attached = READ_ONCE(*td->attached);

	/* A hook may be about to make it more. */
	if (attached <= READ_ONCE(td->queues_end))
		return;

	tapdrop_store_reach(td, min(attached, TAPDROP_MAX_QUEUES) - 1);
	if (td->listed)
		tapdrop_net_changed(tapdrop_net(dev_net(td->dev)));
}
EXPORT_SYMBOL_GPL(tapdrop_adopted_queues);

/* Its driver does not call the hooks any more. Readers find it all the time. */
static void tapdrop_adopted_let_go(struct tapdrop_dev *td)
{
	WRITE_ONCE(td->paused, true);
	/* Nobody would tell of its end. */
	if (!td->listed) {
		tapdrop_adopted_forget(td);
		return;
	}

	tapdrop_xdp_set(td->dev, &td->generic, NULL);
	td->listed = false;
	td->leaving = true;
	tapdrop_index(td->dev, TAPDROP_UNCOUNTED);
}

/* Listeners get what it has counted, and that it does so no more. */
static void tapdrop_adopted_left(struct tapdrop_dev *td)
{
	td->leaving = false;
	tapdrop_nl_notify_left(td, dev_net(td->dev));
	tapdrop_nl_notify_uncounted(td->dev, TAPDROP_CMD_DEVICE_ADD_NTF);
}

static bool tapdrop_adopted_counts(const struct tapdrop_dev *td)
{
	return td->adopted && !td->paused;
}

static bool tapdrop_adopted_leaves(const struct tapdrop_dev *td)
{
	return td->leaving;
}

static void tapdrop_adopted_each(unsigned long kinds,
				 bool (*is)(const struct tapdrop_dev *td),
				 void (*act)(struct tapdrop_dev *td))
{
	struct tapdrop_dev *td;
	unsigned int i = 0;

	while ((td = tapdrop_dev_next(&i, kinds, is))) {
		act(td);
		tapdrop_dev_put(td);
		cond_resched();
	}
}

/**
 * tapdrop_adopted_pause - let go of adopted devices
 * @kinds: bit for each enum tapdrop_kind, for which tapdrop_adopted_stop() was
 *	called
 *
 * Context: process, RTNL not held. What the hooks have found already they
 * count, until a grace period has passed.
 */
void tapdrop_adopted_pause(unsigned long kinds)
{
	rtnl_lock();
	tapdrop_adopted_each(kinds, tapdrop_adopted_counts,
			     tapdrop_adopted_let_go);
	/* A hook that found one may still count. */
	synchronize_rcu_expedited();
	tapdrop_adopted_each(kinds, tapdrop_adopted_leaves,
			     tapdrop_adopted_left);
	rtnl_unlock();
}
EXPORT_SYMBOL_GPL(tapdrop_adopted_pause);

/**
 * tapdrop_adopted_end - an adopted device ends
 * @dev: the device, adopted or not
 *
 * Context: process; the device's references are gone or its hooks can no
 * longer be reached.
 */
void tapdrop_adopted_end(struct net_device *dev)
{
	struct tapdrop_dev *td;

	/* Pausing may be about to end it as well. */
	rcu_read_lock();
	td = tapdrop_dev_lookup(dev);
	if (td && !tapdrop_dev_unhash(td))
		td = NULL;
	rcu_read_unlock();
	if (!td)
		return;

	/* A stock function may have taken the program off. */
	tapdrop_xdp_set(NULL, &td->generic, NULL);
	tapdrop_dev_finish(td);
}
EXPORT_SYMBOL_GPL(tapdrop_adopted_end);

/**
 * tapdrop_adopted_get - get the counters of a device that may go away
 * @dev: the device, adopted or not
 *
 * Context: process, RTNL held.
 *
 * Return: counters, to be given back with tapdrop_adopted_put(), or NULL.
 */
struct tapdrop_dev *tapdrop_adopted_get(struct net_device *dev)
{
	struct tapdrop_dev *td = tapdrop_dev_find(dev);

	if (td)
		refcount_inc(&td->ref);
	return td;
}
EXPORT_SYMBOL_GPL(tapdrop_adopted_get);

/**
 * tapdrop_adopted_put - give back counters
 * @td: counters from tapdrop_adopted_get(), or NULL
 *
 * Context: any.
 */
void tapdrop_adopted_put(struct tapdrop_dev *td)
{
	tapdrop_dev_put(td);
}
EXPORT_SYMBOL_GPL(tapdrop_adopted_put);
