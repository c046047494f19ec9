/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	uapi/tapdrop.yaml */
/* YNL-GEN kernel header */
/* To regenerate run: tools/regen */

#ifndef _LINUX_TAPDROP_GEN_H
#define _LINUX_TAPDROP_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/tapdrop.h>

int tapdrop_nl_stats_get_start(struct netlink_callback *cb);

int tapdrop_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info);
int tapdrop_nl_stats_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb);
int tapdrop_nl_reason_get_dumpit(struct sk_buff *skb,
				 struct netlink_callback *cb);

enum {
	TAPDROP_NLGRP_DEVICES,
};

extern struct genl_family tapdrop_nl_family;

#endif /* _LINUX_TAPDROP_GEN_H */
