/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TAPDROP_REGISTRY_H
#define _TAPDROP_REGISTRY_H

#include <linux/types.h>
#include <linux/xarray.h>

#include "device.h"

/* A device whose driver does not count: nothing is kept of it. */
#define TAPDROP_UNCOUNTED	xa_mk_value(0)

/**
 * struct tapdrop_net - the devices of a network namespace
 * @devs: struct tapdrop_dev by ifindex, or %TAPDROP_UNCOUNTED; changed under
 *	RTNL, read under RCU
 * @orphans: counts for open queues that have no device any more
 * @generation: changes with the set of devices, queues or names; never 0
 */
struct tapdrop_net {
	struct xarray devs;
	struct tapdrop_dev *orphans;
	unsigned int generation;
};

struct tapdrop_net *tapdrop_net(const struct net *net);
bool tapdrop_counting(void);
bool tapdrop_view_find(struct tapdrop_view *view, struct net *net, u32 first,
		       u32 last);

int tapdrop_registry_init(void);
void tapdrop_registry_exit(void);

#endif /* _TAPDROP_REGISTRY_H */
