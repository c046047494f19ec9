// SPDX-License-Identifier: GPL-2.0-only
/* What listeners are told: which devices come and go. */

#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <net/genetlink.h>

#include "message.h"
#include "netlink-gen.h"
#include "notify.h"

/* There is a family to tell of uncounted devices by; under RTNL. */
static bool tapdrop_nl_enabled;

static void tapdrop_nl_notify_part(const struct tapdrop_view *view,
				   struct net *net, u8 cmd, u32 part,
				   const struct tapdrop_nl_filter *filter,
				   bool moved)
{
	struct tapdrop_sums sums;
	struct sk_buff *msg;
	void *hdr;

	tapdrop_nl_sum(view->td, part, &sums);
	if (part < TAPDROP_PART_NO_QUEUE && !tapdrop_nl_wanted(filter, &sums))
		return;

	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		goto lost;

	hdr = genlmsg_put(msg, 0, 0, &tapdrop_nl_family, 0, cmd);
	if (!hdr || tapdrop_nl_put_stats(msg, view, part, filter, &sums) ||
	    (moved && nla_put_flag(msg, TAPDROP_A_STATS_MOVED))) {
		nlmsg_free(msg);
		goto lost;
	}
	genlmsg_end(msg, hdr);
	genlmsg_multicast_netns(&tapdrop_nl_family, net, msg, 0,
				TAPDROP_NLGRP_DEVICES, GFP_KERNEL);
	return;

lost:
	/* Listeners get ENOBUFS, as for any message that they missed. */
	genl_set_err(&tapdrop_nl_family, net, 0, TAPDROP_NLGRP_DEVICES,
		     -ENOBUFS);
}

/**
 * tapdrop_nl_notify_add - tell listeners that a device has appeared
 * @td: counters of a device
 * @net: the namespace that it is in
 *
 * Context: process, RTNL held.
 */
void tapdrop_nl_notify_add(struct tapdrop_dev *td, struct net *net)
{
	/* No queue: the device is introduced, and no counter shown. */
	static const struct tapdrop_nl_filter none;
	struct tapdrop_view view;

	if (!genl_has_listeners(&tapdrop_nl_family, net,
				TAPDROP_NLGRP_DEVICES))
		return;

	tapdrop_view(&view, td);
	tapdrop_nl_notify_part(&view, net, TAPDROP_CMD_DEVICE_ADD_NTF,
			       TAPDROP_PART_NO_QUEUE, &none, false);
}

static const struct tapdrop_nl_filter tapdrop_nl_final = {
	.part = TAPDROP_PART_DEVICE,
	.cells = TAPDROP_NL_ALL_CELLS,
};

static void tapdrop_nl_notify_counters(const struct tapdrop_view *view,
				       struct net *net)
{
	u32 queue;

	for (queue = 0; queue < view->td->queues_end; queue++)
		tapdrop_nl_notify_part(view, net, TAPDROP_CMD_DEVICE_DEL_NTF,
				       queue, &tapdrop_nl_final, false);
	tapdrop_nl_notify_part(view, net, TAPDROP_CMD_DEVICE_DEL_NTF,
			       TAPDROP_PART_NO_QUEUE, &tapdrop_nl_final, false);
}

/**
 * tapdrop_nl_notify_del - tell listeners that a device has gone
 * @td: counters of a device
 * @net: the namespace that it was in; the caller keeps it alive
 * @final: send the counters; else they go on in another network namespace
 *
 * Context: process, may sleep; no hook can find the device any more if @final.
 */
void tapdrop_nl_notify_del(struct tapdrop_dev *td, struct net *net, bool final)
{
	static const struct tapdrop_nl_filter none;
	struct tapdrop_view view;

	if (!genl_has_listeners(&tapdrop_nl_family, net,
				TAPDROP_NLGRP_DEVICES))
		return;

	/* A hook that found the device may still count. Who deletes many devices
	 * waits here for each, as long as somebody listens, and without RTNL
	 * synchronize_net() would take its time.
	 */
	if (final)
		synchronize_rcu_expedited();

	tapdrop_view(&view, td);
	if (final)
		tapdrop_nl_notify_counters(&view, net);
	else
		tapdrop_nl_notify_part(&view, net, TAPDROP_CMD_DEVICE_DEL_NTF,
				       TAPDROP_PART_NO_QUEUE, &none, true);
}

/**
 * tapdrop_nl_notify_left - tell listeners that a device counts no more, but lives
 * @td: counters of a device, which no hook can find
 * @net: the namespace that it is in
 *
 * Context: process, RTNL held.
 */
void tapdrop_nl_notify_left(struct tapdrop_dev *td, struct net *net)
{
	struct tapdrop_view view;

	if (!genl_has_listeners(&tapdrop_nl_family, net,
				TAPDROP_NLGRP_DEVICES))
		return;

	tapdrop_view(&view, td);
	view.coverage = TAPDROP_COVERAGE_NONE;
	tapdrop_nl_notify_counters(&view, net);
}

/**
 * tapdrop_nl_notify_uncounted - tell listeners of a device that is not counted
 * @dev: the device
 * @cmd: it comes (%TAPDROP_CMD_DEVICE_ADD_NTF), or goes
 *
 * Context: process, RTNL held.
 */
void tapdrop_nl_notify_uncounted(struct net_device *dev, u8 cmd)
{
	static const struct tapdrop_nl_filter none;
	struct net *net = dev_net(dev);
	struct tapdrop_view view;
	bool moved;

	if (!tapdrop_nl_enabled ||
	    !genl_has_listeners(&tapdrop_nl_family, net, TAPDROP_NLGRP_DEVICES))
		return;

	moved = cmd == TAPDROP_CMD_DEVICE_DEL_NTF &&
		dev->reg_state != NETREG_UNREGISTERING;
	tapdrop_view_uncounted(&view, dev, dev->ifindex);
	tapdrop_nl_notify_part(&view, net, cmd, TAPDROP_PART_NO_QUEUE, &none,
			       moved);
}

/**
 * tapdrop_nl_notify_enable - may listeners be told of uncounted devices?
 * @enable: there is a family
 *
 * Those devices are there before the family, and stay when it goes. A driver
 * that counts holds the module, and its devices need not ask.
 *
 * Context: process.
 */
void tapdrop_nl_notify_enable(bool enable)
{
	rtnl_lock();
	tapdrop_nl_enabled = enable;
	rtnl_unlock();
}
