// SPDX-License-Identifier: GPL-2.0-only
/*
 * The devices that a queue has outlived, where the queue has no room for them.
 *
 * A stock driver does not note whether vhost_net uses a queue, so that each is
 * taken for one that it does.
 */

#include <linux/sched/mm.h>
#include <net/sock.h>

#include "../tapdrop/hooks.h"
#include "attach.h"

/* Anything that no other livepatch has: "tapg". */
#define TAPDROP_ATTACH_GONE	0x74617067

static struct tapdrop_gone **tapdrop_attach_gone(void *queue, gfp_t gfp)
{
	return klp_shadow_get_or_alloc(queue, TAPDROP_ATTACH_GONE,
				       sizeof(struct tapdrop_gone *), gfp,
				       NULL, NULL);
}

/**
 * tapdrop_attach_gone_add - keep the memory of a device that goes away
 * @queue: a queue of it
 * @dev: the device, which is being unregistered
 * @sk: the queue's socket
 *
 * Context: process, RTNL held.
 */
void tapdrop_attach_gone_add(void *queue, struct net_device *dev,
			     const struct sock *sk)
{
	struct tapdrop_gone **gone;
	struct mem_cgroup *old;

	/* As in tapdrop_gone_alloc() */
	old = set_active_memcg(mem_cgroup_from_sk(sk));
	gone = tapdrop_attach_gone(queue, GFP_ATOMIC | __GFP_ACCOUNT |
					  __GFP_NOWARN);
	set_active_memcg(old);
	if (!gone)
		gone = tapdrop_attach_gone(queue, GFP_KERNEL | __GFP_NOFAIL);
	tapdrop_gone_add(gone, dev, sk);
}

/**
 * tapdrop_attach_gone_put - let go of the devices that a queue has outlived
 * @queue: the queue
 *
 * Context: process; nobody else holds a frame of the queue any more.
 */
void tapdrop_attach_gone_put(void *queue)
{
	struct tapdrop_gone **gone, *list;

	gone = klp_shadow_get(queue, TAPDROP_ATTACH_GONE);
	if (!gone)
		return;

	list = xchg(gone, NULL);
	klp_shadow_free(queue, TAPDROP_ATTACH_GONE, NULL);
	/* Not in a destructor, which is called with interrupts off: this may free
	 * a device.
	 */
	tapdrop_gone_put(&list);
}

/* All that was kept, when the livepatch goes */
static struct tapdrop_gone *tapdrop_attach_left;

static void tapdrop_attach_gone_leave(void *queue, void *gone)
{
	tapdrop_gone_move(gone, &tapdrop_attach_left);
}

/**
 * tapdrop_attach_gone_end - let go of all devices, for all queues
 *
 * Context: process; nobody looks for a frame's device any more.
 */
void tapdrop_attach_gone_end(void)
{
	klp_shadow_free_all(TAPDROP_ATTACH_GONE, tapdrop_attach_gone_leave);
	tapdrop_gone_put(&tapdrop_attach_left);
}
