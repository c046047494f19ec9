/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TAPDROP_REGISTRY_H
#define _TAPDROP_REGISTRY_H

#include <linux/types.h>
#include <linux/xarray.h>

#include "counters.h"

/* Queues that lost nothing, between two points to reschedule; one that did is
 * the last before one.
 */
#define TAPDROP_IDLE_STRETCH	32

/**
 * struct tapdrop_net - the devices of a network namespace
 * @devs: struct tapdrop_dev by ifindex; changed under RTNL, read under RCU
 * @orphans: counts for open queues that have no device
 * @generation: changes with the set of devices, queues or names; never 0
 */
struct tapdrop_net {
	struct xarray devs;
	struct tapdrop_dev *orphans;
	unsigned int generation;
};

/**
 * struct tapdrop_view - a device as a reader found it
 * @td: its counters, and a reference
 * @ifindex: under which it was found; 0 for the orphans
 * @queues: number of queues that were attached
 * @name: of the device
 */
struct tapdrop_view {
	struct tapdrop_dev *td;
	u32 ifindex;
	unsigned int queues;
	char name[IFNAMSIZ];
};

struct tapdrop_net *tapdrop_net(const struct net *net);
void tapdrop_view(struct tapdrop_view *view, struct tapdrop_dev *td);
bool tapdrop_view_find(struct tapdrop_view *view, struct tapdrop_net *tn,
		       u32 first, u32 last);
void tapdrop_dev_sum(const struct tapdrop_dev *td, struct tapdrop_sums *sums);

int tapdrop_registry_init(void);
void tapdrop_registry_exit(void);

#endif /* _TAPDROP_REGISTRY_H */
