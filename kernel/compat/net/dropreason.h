/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TAPDROP_COMPAT_NET_DROPREASON_H
#define _TAPDROP_COMPAT_NET_DROPREASON_H

#include_next <net/dropreason.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)

/* No subsystems, and no reason that fits a purge better. It is also what
 * reason-get names: the reason that skb:kfree_skb shows on this kernel.
 */
#define SKB_DROP_REASON_QUEUE_PURGE	SKB_DROP_REASON_DEV_READY

#include <linux/kernel.h>
#include <linux/skbuff.h>

struct drop_reason_list {
	const char * const *reasons;
	size_t n_reasons;
};

#define SKB_DROP_REASON_SUBSYS_CORE	0

static const struct drop_reason_list tapdrop_compat_core_reasons = {
	.reasons = drop_reasons,
};

static const struct drop_reason_list __rcu * const
drop_reasons_by_subsys[] __maybe_unused = {
	(const struct drop_reason_list __rcu __force *)
	&tapdrop_compat_core_reasons,
};

#endif

#endif /* _TAPDROP_COMPAT_NET_DROPREASON_H */
