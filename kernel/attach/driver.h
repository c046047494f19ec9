/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a driver includes instead of hooks.h where it becomes a livepatch: the
 * same hooks, for devices that have no pointer to their counters.
 *
 * They are found by the device, on each loss. There are none while the device is
 * not adopted. Who includes this says which driver it is: TAPDROP_ATTACH.
 */
#ifndef _TAPDROP_ATTACH_DRIVER_H
#define _TAPDROP_ATTACH_DRIVER_H

#include "../tapdrop/hooks.h"
#include "attach.h"

/* @td is looked up under RCU. An adopted device may have any index. */
#define tapdrop_count(td, queue, cell, packets, skb, location) do { \
	struct tapdrop_dev *__td; \
	rcu_read_lock(); \
	__td = READ_ONCE(TAPDROP_ATTACH.live) ? (td) : NULL; \
	if (__td) \
		tapdrop_count_slow(__td, queue, cell, packets, skb, location); \
	rcu_read_unlock(); \
} while (0)

#define tapdrop_count_bh	tapdrop_count
#define tapdrop_count_rcu	tapdrop_count

/* Queues are opened without a word, and their payer is that of the device. */
#define tapdrop_queue_add(td, queue)	((void)(td), (void)(queue))
#define tapdrop_dev_unused(td)		((void)(td))

/* Only the original has these. */
#undef EXPORT_SYMBOL_GPL
#define EXPORT_SYMBOL_GPL(name)
#undef module_init
#define module_init(fn)
#undef module_exit
#define module_exit(fn)
#undef MODULE_DESCRIPTION
#define MODULE_DESCRIPTION(text)
#undef MODULE_AUTHOR
#define MODULE_AUTHOR(text)
#undef MODULE_LICENSE
#define MODULE_LICENSE(text)
#undef MODULE_ALIAS
#define MODULE_ALIAS(text)
#undef MODULE_ALIAS_MISCDEV
#define MODULE_ALIAS_MISCDEV(minor)

#endif /* _TAPDROP_ATTACH_DRIVER_H */
