// SPDX-License-Identifier: GPL-2.0-only
/* Before 6.2, do and dump of a command share an entry. */

#include <net/genetlink.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)

#undef genl_register_family

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
		if (n && joined[n - 1].cmd == op->cmd) {
			joined[n - 1].start = op->start;
			joined[n - 1].dumpit = op->dumpit;
			joined[n - 1].done = op->done;
		} else {
			joined[n++] = *op;
		}
		/* The core derives these flags by itself. */
		joined[n - 1].flags &= ~(GENL_CMD_CAP_DO | GENL_CMD_CAP_DUMP);
	}

	family->ops = joined;
	family->n_ops = n;
	return genl_register_family(family);
}

#endif
