// SPDX-License-Identifier: GPL-2.0-only
/*
 * Before 6.2, do and dump of a command share an entry, and a dump's start has no
 * extack: run it in the first pass, whose words reach the user with NLMSG_DONE.
 */

#include <net/genetlink.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)

#undef genl_register_family

/* One dump of the family has a start. */
static const struct genl_ops *tapdrop_compat_started;

static int tapdrop_compat_dumpit(struct sk_buff *skb,
				 struct netlink_callback *cb)
{
	/* A pass leaves a generation behind, which is never 0. */
	int err = cb->seq ? 0 : tapdrop_compat_started->start(cb);

	return err ?: tapdrop_compat_started->dumpit(skb, cb);
}

static void __init tapdrop_compat_join(struct genl_ops *to,
				       const struct genl_ops *dump)
{
	to->dumpit = dump->dumpit;
	to->done = dump->done;
	if (!dump->start)
		return;

	WARN_ON(tapdrop_compat_started);
	tapdrop_compat_started = dump;
	to->dumpit = tapdrop_compat_dumpit;
}

/**
 * tapdrop_compat_genl_register_family - register a family with split ops
 * @family: its ops have separate entries for do and dump, with equal policies
 *
 * Return: 0 or a negative errno.
 */
int __init tapdrop_compat_genl_register_family(struct genl_family *family)
{
	static struct genl_ops joined[8];
	const struct genl_ops *op;
	int i, n = 0;

	if (WARN_ON(family->n_ops > ARRAY_SIZE(joined)))
		return -EINVAL;

	for (i = 0; i < family->n_ops; i++) {
		op = &family->ops[i];
		if (n && joined[n - 1].cmd == op->cmd)
			tapdrop_compat_join(&joined[n - 1], op);
		else
			joined[n++] = *op;
		/* The core derives these flags by itself. */
		joined[n - 1].flags &= ~(GENL_CMD_CAP_DO | GENL_CMD_CAP_DUMP);
	}

	family->ops = joined;
	family->n_ops = n;
	return genl_register_family(family);
}

#endif
