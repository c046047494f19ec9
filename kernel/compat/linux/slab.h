/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TAPDROP_COMPAT_LINUX_SLAB_H
#define _TAPDROP_COMPAT_LINUX_SLAB_H

#include_next <linux/slab.h>

#ifndef kzalloc_obj	/* 7.0 */
#define tapdrop_compat_gfp(gfp, ...)	gfp
#define kmalloc_obj(obj, ...) \
	kmalloc(sizeof(obj), tapdrop_compat_gfp(__VA_ARGS__ __VA_OPT__(,) \
						GFP_KERNEL))
#define kzalloc_obj(obj, ...) \
	kzalloc(sizeof(obj), tapdrop_compat_gfp(__VA_ARGS__ __VA_OPT__(,) \
						GFP_KERNEL))
#endif

#endif /* _TAPDROP_COMPAT_LINUX_SLAB_H */
