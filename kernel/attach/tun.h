/* SPDX-License-Identifier: GPL-2.0-only */
/* For tun_driver.c: what is to be asked where the stock driver's objects have no
 * field, and what has one address only.
 */
#ifndef _TAPDROP_ATTACH_TUN_H
#define _TAPDROP_ATTACH_TUN_H

#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <uapi/linux/tapdrop.h>

#define TAPDROP_ATTACH	tapdrop_attach_tun
#include "driver.h"

static inline bool tun_is_ours(const struct net_device *dev)
{
	return dev->rtnl_link_ops && !strcmp(dev->rtnl_link_ops->kind, "tun");
}

/* The index of a queue that is attached. */
#define tun_writer_queue(tfile) \
	((tfile)->detached || !rcu_access_pointer((tfile)->tun) ? \
	 TAPDROP_NO_QUEUE : (tfile)->queue_index)

/* A device that is not adopted runs the program itself, and does not ask why. */
static inline int tun_generic_set(struct net_device *dev, struct bpf_prog *prog)
{
	struct tapdrop_dev *td = tapdrop_dev_find(dev);

	return td ? tapdrop_xdp_set(dev, &td->generic, prog) : 0;
}

static inline struct bpf_prog *tun_generic(const struct net_device *dev,
					   struct bpf_prog *prog)
{
	struct tapdrop_dev *td;

	if (!prog)
		return NULL;

	td = tapdrop_dev_find(dev);
	return td ? tapdrop_xdp_choose(rcu_dereference(td->generic), prog) : prog;
}

#endif /* _TAPDROP_ATTACH_TUN_H */
