/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TAPDROP_COMPAT_NET_DROPREASON_H
#define _TAPDROP_COMPAT_NET_DROPREASON_H

#include_next <net/dropreason.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)

/* No subsystems, and no reason that fits a purge better. */
#define SKB_DROP_REASON_QUEUE_PURGE	SKB_DROP_REASON_DEV_READY

#include <linux/kernel.h>
#include <linux/skbuff.h>

struct drop_reason_list {
	const char * const *reasons;
	size_t n_reasons;
};

#define SKB_DROP_REASON_SUBSYS_CORE	0
#define drop_reasons_by_subsys						\
	((const struct drop_reason_list __rcu *[]) {			\
		(const struct drop_reason_list __rcu __force *)		\
		&(const struct drop_reason_list) { drop_reasons, 0 }	\
	})

#endif

#endif /* _TAPDROP_COMPAT_NET_DROPREASON_H */
