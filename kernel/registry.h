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

/* From adopt.c, and for it */
unsigned long tapdrop_adopted_kinds(void);
bool tapdrop_adopted_idle(const struct tapdrop_dev *td);
void tapdrop_net_changed(struct tapdrop_net *tn);
struct tapdrop_dev *tapdrop_dev_lookup(const struct net_device *dev);
struct tapdrop_dev *tapdrop_dev_make(struct net_device *dev,
				     const unsigned int *attached, bool adopted);
bool tapdrop_dev_unhash(struct tapdrop_dev *td);
void tapdrop_dev_finish(struct tapdrop_dev *td);
struct tapdrop_dev *tapdrop_dev_next(unsigned int *bucket, unsigned long kinds,
				     bool (*is)(const struct tapdrop_dev *td));
void tapdrop_dev_placed(struct tapdrop_dev *td, const struct net_device *dev);
void tapdrop_list_counted(struct tapdrop_dev *td, struct net_device *dev);
bool tapdrop_moves(const struct net_device *dev);
void tapdrop_index(struct net_device *dev, void *entry);

int tapdrop_registry_init(void);
void tapdrop_registry_exit(void);

#endif /* _TAPDROP_REGISTRY_H */
