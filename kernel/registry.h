/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TAPDROP_REGISTRY_H
#define _TAPDROP_REGISTRY_H

#include <linux/types.h>
#include <linux/xarray.h>

#include "counters.h"

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

struct tapdrop_net *tapdrop_net(const struct net *net);
bool tapdrop_queue_known(const struct tapdrop_dev *td, unsigned int queue);
void tapdrop_dev_name(const struct tapdrop_dev *td, char *name);
void tapdrop_dev_sum(const struct tapdrop_dev *td, struct tapdrop_sums *sums);

int tapdrop_registry_init(void);
void tapdrop_registry_exit(void);

#endif /* _TAPDROP_REGISTRY_H */
