/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TAPDROP_COMPAT_LINUX_NETDEVICE_H
#define _TAPDROP_COMPAT_LINUX_NETDEVICE_H

#include_next <linux/netdevice.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)

/* Later, XDP may replace the skb. */
#define do_xdp_generic(prog, pskb)	do_xdp_generic(prog, *(pskb))

#endif

#endif /* _TAPDROP_COMPAT_LINUX_NETDEVICE_H */
