/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	uapi/tapdrop.yaml */
/* YNL-GEN uapi header */
/* To regenerate run: tools/regen */

#ifndef _UAPI_LINUX_TAPDROP_H
#define _UAPI_LINUX_TAPDROP_H

#define TAPDROP_FAMILY_NAME	"tapdrop"
#define TAPDROP_FAMILY_VERSION	1

/**
 * enum tapdrop_dir - Direction of a frame as the user of the character device
 *   sees it. The netdev's own rx and tx mean the opposite on tun and on
 *   macvtap.
 * @TAPDROP_DIR_TO_USER: From the network stack to the reader of the queue: TX
 *   of a tun or tap device, RX of a macvtap or ipvtap device.
 * @TAPDROP_DIR_FROM_USER: From the writer of the queue to the network stack:
 *   RX of a tun or tap device, TX of a macvtap or ipvtap device.
 */
enum tapdrop_dir {
	TAPDROP_DIR_TO_USER = 1,
	TAPDROP_DIR_FROM_USER,
};

/**
 * enum tapdrop_kind - Kind of device.
 * @TAPDROP_KIND_TUN: Device of the tun driver in IFF_TUN mode.
 * @TAPDROP_KIND_TAP: Device of the tun driver in IFF_TAP mode.
 * @TAPDROP_KIND_MACVTAP: Tap device on top of macvlan.
 * @TAPDROP_KIND_IPVTAP: Tap device on top of ipvlan.
 */
enum tapdrop_kind {
	TAPDROP_KIND_TUN = 1,
	TAPDROP_KIND_TAP,
	TAPDROP_KIND_MACVTAP,
	TAPDROP_KIND_IPVTAP,
};

/**
 * enum tapdrop_class - What became of a frame.
 * @TAPDROP_CLASS_LOSS: The frame is gone. Only this class enters a sum of
 *   drops.
 * @TAPDROP_CLASS_REFUSED: The writer got an error that asks to try again, and
 *   still holds the frame.
 * @TAPDROP_CLASS_TRUNCATED: The reader's buffer was shorter than the frame;
 *   the reader got the beginning of it.
 */
enum tapdrop_class {
	TAPDROP_CLASS_LOSS = 1,
	TAPDROP_CLASS_REFUSED,
	TAPDROP_CLASS_TRUNCATED,
};

/**
 * enum tapdrop_scope - What one message of a stats-get dump describes.
 * @TAPDROP_SCOPE_DEVICE: One message a device, with the sums over all its
 *   queues and its no-queue block.
 * @TAPDROP_SCOPE_QUEUE: For each device one message with its name, kind and
 *   the counters of its no-queue block, then one for each queue that has
 *   counters to show.
 */
enum tapdrop_scope {
	TAPDROP_SCOPE_DEVICE = 1,
	TAPDROP_SCOPE_QUEUE,
};

/**
 * enum tapdrop_coverage - Since when the frames that a device loses are
 *   counted.
 * @TAPDROP_COVERAGE_DRIVER: Since the device was created: its driver counts. A
 *   counter that is not shown is zero.
 * @TAPDROP_COVERAGE_ATTACHED: Since counting last began on its driver, which
 *   does not count by itself. What the device lost while nobody counted is not
 *   known. Of the reasons, all count; only frames that a queue holds without a
 *   device, and loses when it gets one with a shorter ring (dev-gone, to-user,
 *   of no queue), do not.
 * @TAPDROP_COVERAGE_NONE: Not at all: its driver is one that does not count.
 *   There are no counters, and it is not known what the device lost. Only the
 *   device-del-ntf of a device that a livepatch lets go of has those that it
 *   had until then.
 */
enum tapdrop_coverage {
	TAPDROP_COVERAGE_DRIVER = 1,
	TAPDROP_COVERAGE_ATTACHED,
	TAPDROP_COVERAGE_NONE,
};

/*
 * Why a frame was lost. Ids and names are stable; they are not those of enum
 * skb_drop_reason, which differ from kernel to kernel.
 */
enum tapdrop_reason {
	TAPDROP_REASON_PTR_FULL = 1,
	TAPDROP_REASON_SKB_GSO_SEGMENT,
	TAPDROP_REASON_SKB_CHECKSUM,
	TAPDROP_REASON_SKB_COPY_DATA,
	TAPDROP_REASON_VIRTNET_HDR,
	TAPDROP_REASON_DEV_READY,
	TAPDROP_REASON_DEV_FILTER,
	TAPDROP_REASON_SOCKET_FILTER,
	TAPDROP_REASON_BPF_FILTER,
	TAPDROP_REASON_SKB_PULL,
	TAPDROP_REASON_SKB_TRIM,
	TAPDROP_REASON_NOMEM,
	TAPDROP_REASON_PKT_TOO_SMALL,
	TAPDROP_REASON_PKT_TOO_BIG,
	TAPDROP_REASON_INVALID_PROTO,
	TAPDROP_REASON_XDP_DROP,
	TAPDROP_REASON_XDP_ABORTED,
	TAPDROP_REASON_XDP_TX,
	TAPDROP_REASON_XDP_REDIRECT,
	TAPDROP_REASON_QUEUE_PURGE,
	TAPDROP_REASON_QUEUE_DETACHED,
	TAPDROP_REASON_NAPI_BUSY,
	TAPDROP_REASON_READ_FAULT,
	TAPDROP_REASON_READ_TOO_SHORT,
	TAPDROP_REASON_READ_NO_ROOM,
	TAPDROP_REASON_WRITE_RETRY,
	TAPDROP_REASON_DEV_GONE,
};

enum {
	TAPDROP_A_STATS_IFINDEX = 1,
	TAPDROP_A_STATS_IFNAME,
	TAPDROP_A_STATS_KIND,
	TAPDROP_A_STATS_QUEUES,
	TAPDROP_A_STATS_QUEUE_ID,
	TAPDROP_A_STATS_TO_USER,
	TAPDROP_A_STATS_FROM_USER,
	TAPDROP_A_STATS_SCOPE,
	TAPDROP_A_STATS_DIR,
	TAPDROP_A_STATS_REASON,
	TAPDROP_A_STATS_NO_QUEUE,
	TAPDROP_A_STATS_ZEROS,
	TAPDROP_A_STATS_MOVED,
	TAPDROP_A_STATS_COVERAGE,
	TAPDROP_A_STATS_SINCE_MS,
	TAPDROP_A_STATS_PAD,
	TAPDROP_A_STATS_CURSOR,
	TAPDROP_A_STATS_GENERATION,
	TAPDROP_A_STATS_IFALIAS,
	TAPDROP_A_STATS_FROM_CREATION,

	__TAPDROP_A_STATS_MAX,
	TAPDROP_A_STATS_MAX = (__TAPDROP_A_STATS_MAX - 1)
};

enum {
	TAPDROP_A_COUNTER_REASON = 1,
	TAPDROP_A_COUNTER_PACKETS,
	TAPDROP_A_COUNTER_LAST_MS,

	__TAPDROP_A_COUNTER_MAX,
	TAPDROP_A_COUNTER_MAX = (__TAPDROP_A_COUNTER_MAX - 1)
};

enum {
	TAPDROP_A_REASON_ID = 1,
	TAPDROP_A_REASON_NAME,
	TAPDROP_A_REASON_SKB_REASON,
	TAPDROP_A_REASON_CLASS,
	TAPDROP_A_REASON_MEANING,

	__TAPDROP_A_REASON_MAX,
	TAPDROP_A_REASON_MAX = (__TAPDROP_A_REASON_MAX - 1)
};

enum {
	TAPDROP_CMD_STATS_GET = 1,
	TAPDROP_CMD_DEVICE_ADD_NTF,
	TAPDROP_CMD_DEVICE_DEL_NTF,
	TAPDROP_CMD_REASON_GET,

	__TAPDROP_CMD_MAX,
	TAPDROP_CMD_MAX = (__TAPDROP_CMD_MAX - 1)
};

#define TAPDROP_MCGRP_DEVICES	"devices"

#endif /* _UAPI_LINUX_TAPDROP_H */
