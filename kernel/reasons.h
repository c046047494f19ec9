/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * The reasons for which tun and tap lose frames: one list, from which come the
 * names, the kernel's own names, the classes, what each means and the counters'
 * layout. The kernel and the library include this file; the ids are those of
 * the netlink spec.
 */
#ifndef _TAPDROP_REASONS_H
#define _TAPDROP_REASONS_H

/*
 * R(name, kernel's own name, class, what it means)
 *
 * In the order of enum tapdrop_reason. The kernel's own name is the one that
 * skb:kfree_skb shows if an skb exists; where a base lacks it, kernel/compat/
 * says what stands in.
 */
#define TAPDROP_REASONS(R)						\
	R(PTR_FULL, FULL_RING, LOSS,					\
	  "The ring to the queue's reader was full.")			\
	R(SKB_GSO_SEGMENT, SKB_GSO_SEG, LOSS,				\
	  "A large frame could not be cut into segments for the reader.") \
	R(SKB_CHECKSUM, SKB_CSUM, LOSS,					\
	  "The checksum that the reader does not offload could not be completed.") \
	R(SKB_COPY_DATA, SKB_UCOPY_FAULT, LOSS,				\
	  "Copying the frame from the writer's memory failed.")		\
	R(VIRTNET_HDR, DEV_HDR, LOSS,					\
	  "The virtio-net header was short, inconsistent or refused.")	\
	R(DEV_READY, DEV_READY, LOSS,					\
	  "The device was down, or had no queue attached.")		\
	R(DEV_FILTER, TAP_TXFILTER, LOSS,				\
	  "The address filter of the device (TUNSETTXFILTER) refused the frame.") \
	R(SOCKET_FILTER, SOCKET_FILTER, LOSS,				\
	  "The socket filter of the queue (TUNATTACHFILTER) refused the frame.") \
	R(BPF_FILTER, TAP_FILTER, LOSS,					\
	  "The eBPF filter of the device (TUNSETFILTEREBPF) refused the frame.") \
	R(SKB_PULL, HDR_TRUNC, LOSS,					\
	  "The frame's header could not be pulled into linear memory.")	\
	R(SKB_TRIM, NOMEM, LOSS,					\
	  "Trimming the frame to the length that the eBPF filter returned failed.") \
	R(NOMEM, NOMEM, LOSS,						\
	  "No memory for a frame that was already handed over.")	\
	R(PKT_TOO_SMALL, PKT_TOO_SMALL, LOSS,				\
	  "The frame was shorter than its link-layer or packet-information header.") \
	R(PKT_TOO_BIG, PKT_TOO_BIG, LOSS,				\
	  "The frame, or one of its fragments, was too large.") \
	R(INVALID_PROTO, UNHANDLED_PROTO, LOSS,				\
	  "The frame is neither IPv4 nor IPv6.")			\
	R(XDP_DROP, XDP, LOSS,						\
	  "An XDP program on the device dropped the frame.")		\
	R(XDP_ABORTED, XDP, LOSS,					\
	  "An XDP program on the device failed.")			\
	R(XDP_TX, XDP, LOSS,						\
	  "An XDP program sent the frame back, and it could not be turned around.") \
	R(XDP_REDIRECT, XDP, LOSS,					\
	  "An XDP program redirected the frame, and the target refused it.") \
	R(QUEUE_PURGE, QUEUE_PURGE, LOSS,				\
	  "Frames waited in the queue when it was closed, detached, deleted or made shorter. " \
	  "With coverage attached, those purged when it gets a device are not counted.") \
	R(QUEUE_DETACHED, DEV_READY, LOSS,				\
	  "The writer's queue was detached (TUNSETQUEUE, IFF_DETACH_QUEUE).") \
	R(NAPI_BUSY, DEV_READY, LOSS,					\
	  "The queue's NAPI was busy with another frame (IFF_NAPI_FRAGS).") \
	R(READ_FAULT, SKB_UCOPY_FAULT, LOSS,				\
	  "Copying the frame to the reader's memory failed.")		\
	R(READ_TOO_SHORT, PKT_TOO_BIG, TRUNCATED,			\
	  "The reader's buffer was shorter than the frame; the rest of it is gone.") \
	R(READ_NO_ROOM, DEV_HDR, LOSS,					\
	  "The reader's buffer had no room even for the headers; the whole frame is gone.") \
	R(WRITE_RETRY, NOMEM, REFUSED,					\
	  "No buffer for the frame; the writer was told to try again and still holds it.") \
	R(DEV_GONE, DEV_READY, LOSS,					\
	  "The queue was open, but its device was gone.")

/*
 * C(direction, reason, driver): the counters that a queue has, one for each
 * pair that a site can produce in the TUN driver, in the TAP driver (macvtap
 * and ipvtap), or in BOTH. docs/ledger.csv has the sites.
 */
#define TAPDROP_CELLS(C)						\
	C(TO_USER, PTR_FULL, BOTH)					\
	C(TO_USER, SKB_GSO_SEGMENT, TAP)				\
	C(TO_USER, SKB_CHECKSUM, TAP)					\
	C(TO_USER, VIRTNET_HDR, BOTH)					\
	C(TO_USER, DEV_READY, TUN)					\
	C(TO_USER, DEV_FILTER, TUN)					\
	C(TO_USER, SOCKET_FILTER, TUN)					\
	C(TO_USER, BPF_FILTER, TUN)					\
	C(TO_USER, SKB_TRIM, TUN)					\
	C(TO_USER, NOMEM, TUN)						\
	C(TO_USER, QUEUE_PURGE, BOTH)					\
	C(TO_USER, READ_FAULT, BOTH)					\
	C(TO_USER, READ_TOO_SHORT, BOTH)				\
	C(TO_USER, READ_NO_ROOM, BOTH)					\
	C(TO_USER, DEV_GONE, BOTH)					\
	C(FROM_USER, SKB_COPY_DATA, BOTH)				\
	C(FROM_USER, VIRTNET_HDR, BOTH)					\
	C(FROM_USER, DEV_READY, TUN)					\
	C(FROM_USER, SKB_PULL, TUN)					\
	C(FROM_USER, NOMEM, BOTH)					\
	C(FROM_USER, PKT_TOO_SMALL, BOTH)				\
	C(FROM_USER, PKT_TOO_BIG, BOTH)					\
	C(FROM_USER, INVALID_PROTO, TUN)				\
	C(FROM_USER, XDP_DROP, TUN)					\
	C(FROM_USER, XDP_ABORTED, TUN)					\
	C(FROM_USER, XDP_TX, TUN)					\
	C(FROM_USER, XDP_REDIRECT, TUN)					\
	C(FROM_USER, QUEUE_PURGE, TUN)					\
	C(FROM_USER, QUEUE_DETACHED, TUN)				\
	C(FROM_USER, NAPI_BUSY, TUN)					\
	C(FROM_USER, WRITE_RETRY, BOTH)					\
	C(FROM_USER, DEV_GONE, BOTH)

#endif /* _TAPDROP_REASONS_H */
