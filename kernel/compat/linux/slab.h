/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TAPDROP_COMPAT_LINUX_SLAB_H
#define _TAPDROP_COMPAT_LINUX_SLAB_H

#include_next <linux/slab.h>

#ifndef kzalloc_obj	/* 7.0 */
#define tapdrop_compat_alloc(alloc, obj, gfp, ...) \
	alloc(sizeof(obj), gfp)
#define kmalloc_obj(obj, ...) \
	tapdrop_compat_alloc(kmalloc, obj, ##__VA_ARGS__, GFP_KERNEL)
#define kzalloc_obj(obj, ...) \
	tapdrop_compat_alloc(kzalloc, obj, ##__VA_ARGS__, GFP_KERNEL)
#endif

#endif /* _TAPDROP_COMPAT_LINUX_SLAB_H */
