// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that have gone, but whose address still means them.
 *
 * vhost_net takes frames off a ring, and may give them back long after. It then
 * passes the frame alone, which has a pointer to its device, but no reference.
 * A queue keeps the memory of the devices that it has outlived, so that no
 * other device is found under that address.
 */

#include <linux/device.h>
#include <linux/netdevice.h>
#include <linux/slab.h>

#include "hooks.h"

/**
 * struct tapdrop_gone - a device that a queue has outlived
 * @next: the one before it
 * @dev: with a reference, which keeps the memory but not the device
 */
struct tapdrop_gone {
	struct tapdrop_gone *next;
	struct device *dev;
};

/**
 * tapdrop_gone_add - keep the memory of a device that goes away
 * @gone: the queue's list
 * @dev: the device, which is being unregistered
 *
 * If memory is short, a frame of @dev that is given back can count for another
 * device that is made at its address.
 *
 * Context: process, RTNL held.
 */
void tapdrop_gone_add(struct tapdrop_gone **gone, struct net_device *dev)
{
	struct tapdrop_gone *new;

	/* If the registration failed, there was no frame. */
	if (dev->reg_state == NETREG_UNINITIALIZED)
		return;

	new = kmalloc_obj(*new, GFP_KERNEL_ACCOUNT);
	if (!new)
		return;

	new->dev = get_device(&dev->dev);
	new->next = *gone;
	*gone = new;
}
EXPORT_SYMBOL_GPL(tapdrop_gone_add);

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
		*gone = old->next;
		put_device(old->dev);
		kfree(old);
	}
}
EXPORT_SYMBOL_GPL(tapdrop_gone_put);
