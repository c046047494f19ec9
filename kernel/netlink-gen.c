// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	uapi/tapdrop.yaml */
/* YNL-GEN kernel source */
/* To regenerate run: tools/regen */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink-gen.h"

#include <uapi/linux/tapdrop.h>

/* TAPDROP_CMD_STATS_GET - do */
static const struct nla_policy tapdrop_stats_get_do_nl_policy[TAPDROP_A_STATS_CURSOR + 1] = {
	[TAPDROP_A_STATS_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[TAPDROP_A_STATS_QUEUE_ID] = NLA_POLICY_MAX(NLA_U32, 255),
	[TAPDROP_A_STATS_SCOPE] = NLA_POLICY_RANGE(NLA_U32, 1, 2),
	[TAPDROP_A_STATS_DIR] = NLA_POLICY_RANGE(NLA_U32, 1, 2),
	[TAPDROP_A_STATS_REASON] = NLA_POLICY_RANGE(NLA_U32, 1, 27),
	[TAPDROP_A_STATS_NO_QUEUE] = { .type = NLA_FLAG, },
	[TAPDROP_A_STATS_ZEROS] = { .type = NLA_FLAG, },
	[TAPDROP_A_STATS_CURSOR] = { .type = NLA_U64, },
};

/* TAPDROP_CMD_STATS_GET - dump */
static const struct nla_policy tapdrop_stats_get_dump_nl_policy[TAPDROP_A_STATS_CURSOR + 1] = {
	[TAPDROP_A_STATS_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[TAPDROP_A_STATS_QUEUE_ID] = NLA_POLICY_MAX(NLA_U32, 255),
	[TAPDROP_A_STATS_SCOPE] = NLA_POLICY_RANGE(NLA_U32, 1, 2),
	[TAPDROP_A_STATS_DIR] = NLA_POLICY_RANGE(NLA_U32, 1, 2),
	[TAPDROP_A_STATS_REASON] = NLA_POLICY_RANGE(NLA_U32, 1, 27),
	[TAPDROP_A_STATS_NO_QUEUE] = { .type = NLA_FLAG, },
	[TAPDROP_A_STATS_ZEROS] = { .type = NLA_FLAG, },
	[TAPDROP_A_STATS_CURSOR] = { .type = NLA_U64, },
};

/* Ops table for tapdrop */
static const struct genl_split_ops tapdrop_nl_ops[] = {
	{
		.cmd		= TAPDROP_CMD_STATS_GET,
		.doit		= tapdrop_nl_stats_get_doit,
		.policy		= tapdrop_stats_get_do_nl_policy,
		.maxattr	= TAPDROP_A_STATS_CURSOR,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= TAPDROP_CMD_STATS_GET,
		.start		= tapdrop_nl_stats_get_start,
		.dumpit		= tapdrop_nl_stats_get_dumpit,
		.policy		= tapdrop_stats_get_dump_nl_policy,
		.maxattr	= TAPDROP_A_STATS_CURSOR,
		.flags		= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd	= TAPDROP_CMD_REASON_GET,
		.dumpit	= tapdrop_nl_reason_get_dumpit,
		.flags	= GENL_CMD_CAP_DUMP,
	},
};

static const struct genl_multicast_group tapdrop_nl_mcgrps[] = {
	[TAPDROP_NLGRP_DEVICES] = { "devices", },
};

struct genl_family tapdrop_nl_family __ro_after_init = {
	.name		= TAPDROP_FAMILY_NAME,
	.version	= TAPDROP_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.split_ops	= tapdrop_nl_ops,
	.n_split_ops	= ARRAY_SIZE(tapdrop_nl_ops),
	.mcgrps		= tapdrop_nl_mcgrps,
	.n_mcgrps	= ARRAY_SIZE(tapdrop_nl_mcgrps),
};
