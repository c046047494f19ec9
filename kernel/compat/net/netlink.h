/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TAPDROP_COMPAT_NET_NETLINK_H
#define _TAPDROP_COMPAT_NET_NETLINK_H

#include_next <net/netlink.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)

/* An integer of 4 bytes if it fits, else of 8. */
static inline int nla_put_uint(struct sk_buff *skb, int attrtype, u64 value)
{
	if (value > U32_MAX)
		return nla_put(skb, attrtype, sizeof(value), &value);
	return nla_put_u32(skb, attrtype, value);
}

#endif

#endif /* _TAPDROP_COMPAT_NET_NETLINK_H */
