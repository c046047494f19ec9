/* SPDX-License-Identifier: GPL-2.0-only */
/* What tapfault.ko does for the tests, shared with the traffic helper. */
#ifndef _TAPFAULT_H
#define _TAPFAULT_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct tapfault_fail - let a function fail where a driver calls it, but if it
 *	allocates with __GFP_NOFAIL
 * @function:	name of the function
 * @caller:	name of the driver whose calls fail
 * @ret:	what the calls return
 * @times:	how many calls fail, the others succeed
 * @after:	how many calls succeed before those
 */
struct tapfault_fail {
	char function[56];
	char caller[56];
	__s64 ret;
	__u32 times;
	__u32 after;
};

/**
 * struct tapfault_where - where the last call was that failed
 * @symbol:	its return address, as the kernel prints such: empty if there
 *	was none
 */
struct tapfault_where {
	char symbol[128];
};

/**
 * struct tapfault_zero - empty a part of what a function is given, until
 *	TAPFAULT_END, which returns how often it was called
 * @function:	name of the function
 * @offset:	where it begins, from what the first argument points to
 * @length:	how long it is
 */
struct tapfault_zero {
	char function[56];
	__u32 offset;
	__u32 length;
};

/**
 * struct tapfault_recv - take a frame off a queue's ring as vhost-net does and
 *	pass it to the driver's recvmsg()
 * @fd:		the queue
 * @flags:	MSG_* flags
 * @size:	length of the buffer
 * @ret:	out: what recvmsg() returned
 */
struct tapfault_recv {
	__s32 fd;
	__u32 flags;
	__u32 size;
	__s32 ret;
};

/**
 * struct tapfault_xmit - hand xdp_frames to a device's ndo_xdp_xmit()
 * @ifindex:	the device
 * @frames:	number of frames, at most 16
 * @flags:	XDP_XMIT_* flags
 * @ret:	out: what ndo_xdp_xmit() returned
 */
struct tapfault_xmit {
	__u32 ifindex;
	__u32 frames;
	__u32 flags;
	__s32 ret;
};

/**
 * struct tapfault_load - hold RTNL for a while, and then until a module is loaded,
 *	as drivers do who need one
 * @module:	its name
 * @ms:		how long before, in milliseconds
 */
struct tapfault_load {
	char module[56];
	__u32 ms;
};

/**
 * struct tapfault_late - let the next call of a function begin late, asleep
 *	until then; TAPFAULT_END returns how many there were
 * @function:	name of the function, which has six arguments at most, and no others
 *		than integers and pointers
 * @ms:		how late, in milliseconds
 */
struct tapfault_late {
	char function[56];
	__u32 ms;
};

#define TAPFAULT_FAIL	_IOW('f', 1, struct tapfault_fail)
/* No more failures; returns how many calls have failed. */
#define TAPFAULT_END	_IO('f', 2)
#define TAPFAULT_RECV	_IOWR('f', 3, struct tapfault_recv)
#define TAPFAULT_XMIT	_IOWR('f', 4, struct tapfault_xmit)
/* Hold a reference to the device of an ifindex, or let go of it: 0. */
#define TAPFAULT_HOLD	_IOW('f', 5, __u32)
#define TAPFAULT_WHERE	_IOR('f', 6, struct tapfault_where)
#define TAPFAULT_ZERO	_IOW('f', 7, struct tapfault_zero)
#define TAPFAULT_LOAD	_IOW('f', 8, struct tapfault_load)
#define TAPFAULT_LATE	_IOW('f', 9, struct tapfault_late)
/* Stop the device of an ifindex, as a driver does whose hardware has no room. */
#define TAPFAULT_STOP	_IOW('f', 10, __u32)

#endif /* _TAPFAULT_H */
