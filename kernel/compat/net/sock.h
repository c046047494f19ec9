/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TAPDROP_COMPAT_NET_SOCK_H
#define _TAPDROP_COMPAT_NET_SOCK_H

#include <linux/version.h>
#include_next <net/sock.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define mem_cgroup_from_sk(sk)	((sk)->sk_memcg)
#endif

#endif /* _TAPDROP_COMPAT_NET_SOCK_H */
