/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Before 6.2 there are no split ops; see genetlink.c for what joins them. Also
 * the oldest kernel, as every build comes along here. None is too new: what does
 * not compile, or fit, says so.
 */
#ifndef _TAPDROP_COMPAT_NET_GENETLINK_H
#define _TAPDROP_COMPAT_NET_GENETLINK_H

#include_next <net/genetlink.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "tapdrop is for Linux 6.1 and later; docs/porting.rst says how to go on"
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)

#define genl_split_ops	genl_ops
#define split_ops	ops
#define n_split_ops	n_ops

int tapdrop_compat_genl_register_family(struct genl_family *family);
#define genl_register_family	tapdrop_compat_genl_register_family

#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)

/* All that a dumpit looks at is attrs, which both structs have. */
#define genl_info_dump	genl_dumpit_info

#endif

#endif /* _TAPDROP_COMPAT_NET_GENETLINK_H */
