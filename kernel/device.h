/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TAPDROP_DEVICE_H
#define _TAPDROP_DEVICE_H

#include <linux/if.h>
#include <linux/types.h>

#include "counters.h"

/**
 * struct tapdrop_view - a device as a reader found it
 * @td: its counters, and a reference; NULL if it is not counted
 * @ifindex: under which it was found; 0 for the orphans
 * @kind: enum tapdrop_kind
 * @queues: number of queues that were attached
 * @coverage: enum tapdrop_coverage
 * @name: of the device
 * @alias: of the device, or empty
 */
struct tapdrop_view {
	struct tapdrop_dev *td;
	u32 ifindex;
	u32 kind;
	unsigned int queues;
	u8 coverage;
	char name[IFNAMSIZ];
	char alias[IFALIASZ];
};

int tapdrop_kind_by_name(const char *name);
int tapdrop_kind(const struct net_device *dev);

struct tapdrop_dev *tapdrop_dev_alloc(struct net_device *dev,
				      unsigned int queues);
void tapdrop_dev_put(struct tapdrop_dev *td);
void tapdrop_dev_named(struct tapdrop_dev *td);
void tapdrop_dev_changed(struct tapdrop_dev *td);
void tapdrop_view(struct tapdrop_view *view, struct tapdrop_dev *td);
void tapdrop_view_uncounted(struct tapdrop_view *view,
			    const struct net_device *dev, u32 ifindex);
void tapdrop_view_compare(const struct tapdrop_view *view);
void tapdrop_dev_sum(const struct tapdrop_dev *td, struct tapdrop_sums *sums);

int tapdrop_device_init(void);
void tapdrop_device_exit(void);

#endif /* _TAPDROP_DEVICE_H */
