/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reasons for which tun and tap lose frames: one list, from which come the
 * names, the kernel's own names, the classes, the counters' layout and every
 * text that explains a reason. The kernel, the library and the documentation
 * include this file; the ids are those of uapi/tapdrop.yaml.
 */
#ifndef _TAPDROP_REASONS_H
#define _TAPDROP_REASONS_H

/*
 * R(name, kernel's own name, class, what it means, likely cause, remedy)
 *
 * In the order of enum tapdrop_reason. The kernel's own name is the one that
 * skb:kfree_skb shows if an skb exists; where a base lacks it, kernel/compat/
 * says what stands in.
 */
#define TAPDROP_REASONS(R)						\
	R(PTR_FULL, FULL_RING, LOSS,					\
	  "The ring to the queue's reader was full.",			\
	  "The reader (guest, vhost worker or VPN daemon) is slower than the traffic, stalled or not scheduled.", \
	  "Check the reader's CPU and the guest's ring size; add queues; raise txqueuelen only against short bursts.") \
	R(SKB_GSO_SEGMENT, SKB_GSO_SEG, LOSS,				\
	  "A large frame could not be cut into segments for the reader.", \
	  "The reader turned offloads off and the frame is malformed, or memory is short.", \
	  "Let the guest negotiate TSO; look for memory pressure and for the sender of broken GSO frames.") \
	R(SKB_CHECKSUM, SKB_CSUM, LOSS,					\
	  "The checksum that the reader does not offload could not be completed.", \
	  "The checksum offset of the frame lies outside of it, or memory is short.", \
	  "Let the guest negotiate checksum offload; look for the sender of the broken frames.") \
	R(SKB_COPY_DATA, SKB_UCOPY_FAULT, LOSS,				\
	  "Copying the frame from the writer's memory failed.",		\
	  "The writer passed an address that is not mapped, or guest memory went away under it.", \
	  "This is a bug of the writer (VMM or daemon); its write() returned EFAULT.") \
	R(VIRTNET_HDR, DEV_HDR, LOSS,					\
	  "The virtio-net header was short, inconsistent or refused.",	\
	  "Writer and device disagree about IFF_VNET_HDR or TUNSETVNETHDRSZ, or the guest's driver builds bad headers.", \
	  "Compare the header size of VMM and device; update the guest's virtio-net driver.") \
	R(DEV_READY, DEV_READY, LOSS,					\
	  "The device was down, or had no queue attached.",		\
	  "The interface is administratively down while the guest sends, or frames arrive before the guest attaches a queue.", \
	  "Set the interface up; attach the queues before the port joins the bridge.") \
	R(DEV_FILTER, TAP_TXFILTER, LOSS,				\
	  "The address filter of the device (TUNSETTXFILTER) refused the frame.", \
	  "The destination address is not one that the guest asked for; often flooded or multicast traffic.", \
	  "Nothing to do if the traffic is not for this guest; else set its MAC addresses in the filter.") \
	R(SOCKET_FILTER, SOCKET_FILTER, LOSS,				\
	  "The socket filter of the queue (TUNATTACHFILTER) refused the frame.", \
	  "The classic BPF program that the VMM attached returned 0, or a security module objected.", \
	  "Review the filter that the VMM or the management attaches.")	\
	R(BPF_FILTER, TAP_FILTER, LOSS,					\
	  "The eBPF filter of the device (TUNSETFILTEREBPF) refused the frame.", \
	  "The eBPF program returned 0.",				\
	  "Review the program; bpftool prog show lists it.")		\
	R(SKB_PULL, HDR_TRUNC, LOSS,					\
	  "The frame's header could not be pulled into linear memory.",	\
	  "The frame is empty or shorter than its link-layer header.",	\
	  "This is a bug of the writer; its write() returned EINVAL or ENOMEM.") \
	R(SKB_TRIM, NOMEM, LOSS,					\
	  "Trimming the frame to the length that the eBPF filter returned failed.", \
	  "Memory was short.",						\
	  "Look for memory pressure on the host.")			\
	R(NOMEM, NOMEM, LOSS,						\
	  "No memory for a frame that was already handed over.",	\
	  "Memory was short in a context that cannot wait.",		\
	  "Look for memory pressure on the host; raise vm.min_free_kbytes.") \
	R(PKT_TOO_SMALL, PKT_TOO_SMALL, LOSS,				\
	  "The frame was shorter than its link-layer or packet-information header.", \
	  "The writer sent a runt, or writer and device disagree about IFF_NO_PI.", \
	  "This is a bug of the writer or of the guest's driver.")	\
	R(PKT_TOO_BIG, PKT_TOO_BIG, LOSS,				\
	  "The frame, or one of its fragments, was too large (IFF_NAPI_FRAGS).", \
	  "The writer passed more than 17 fragments, a fragment above one page or an empty one.", \
	  "Lower the writer's MTU or its number of fragments.")		\
	R(INVALID_PROTO, UNHANDLED_PROTO, LOSS,				\
	  "The frame is neither IPv4 nor IPv6.",			\
	  "A writer to a tun device without packet information sent something else than IP.", \
	  "Use a tap device for Ethernet frames; check that writer and device agree about IFF_NO_PI.") \
	R(XDP_DROP, XDP, LOSS,						\
	  "An XDP program on the device dropped the frame.",		\
	  "The program returned XDP_DROP.",				\
	  "Review the program; bpftool net list shows it.")		\
	R(XDP_ABORTED, XDP, LOSS,					\
	  "An XDP program on the device failed.",			\
	  "The program returned XDP_ABORTED or an unknown verdict.",	\
	  "This is a bug of the program; the tracepoint xdp:xdp_exception has details.") \
	R(XDP_TX, XDP, LOSS,						\
	  "An XDP program sent the frame back, and it could not be turned around.", \
	  "The frame has not the room that an xdp_frame needs.",	\
	  "Leave headroom in the program: do not move data to the very start.") \
	R(XDP_REDIRECT, XDP, LOSS,					\
	  "An XDP program redirected the frame, and the target refused it.", \
	  "The map entry is empty, or the target device is down or cannot transmit XDP frames.", \
	  "Check the redirect map; the tracepoint xdp:xdp_redirect_err has details.") \
	R(QUEUE_PURGE, QUEUE_PURGE, LOSS,				\
	  "Frames waited in the queue when it was closed, detached, deleted or made shorter.", \
	  "The guest shut down or removed a queue, or txqueuelen was lowered, while traffic came in.", \
	  "Expected at shutdown; otherwise stop the traffic first.")	\
	R(QUEUE_DETACHED, DEV_READY, LOSS,				\
	  "The writer's queue was detached (TUNSETQUEUE, IFF_DETACH_QUEUE).", \
	  "The VMM sends on a queue that the guest has switched off.",	\
	  "Attach the queue before sending; the write() returned EBUSY.") \
	R(NAPI_BUSY, DEV_READY, LOSS,					\
	  "The queue's NAPI was busy with another frame (IFF_NAPI_FRAGS).", \
	  "Two writers share a queue in NAPI fragment mode.",		\
	  "Use one writer per queue; the write() returned EBUSY.")	\
	R(READ_FAULT, SKB_UCOPY_FAULT, LOSS,				\
	  "Copying the frame to the reader's memory failed.",		\
	  "The reader passed an address that is not mapped, or guest memory went away under it.", \
	  "This is a bug of the reader (VMM or daemon).")		\
	R(READ_TOO_SHORT, PKT_TOO_BIG, TRUNCATED,			\
	  "The reader's buffer was shorter than the frame; the rest of it is gone.", \
	  "The reader's buffers are smaller than the device's MTU, or than a GSO frame.", \
	  "Give the reader buffers of 64 KiB, or turn its offloads off.") \
	R(READ_NO_ROOM, DEV_HDR, LOSS,					\
	  "The reader's buffer had no room even for the headers; the whole frame is gone.", \
	  "The reader's buffer is shorter than the virtio-net or packet-information header.", \
	  "This is a bug of the reader; its read() returned EINVAL.")	\
	R(WRITE_RETRY, NOMEM, REFUSED,					\
	  "No buffer for the frame; the writer was told to try again and still holds it.", \
	  "The send buffer (TUNSETSNDBUF) is full, memory is short, or a signal came.", \
	  "Nothing is lost as long as the writer tries again; else raise the send buffer.") \
	R(DEV_GONE, DEV_READY, LOSS,					\
	  "The queue was open, but its device was gone.",		\
	  "The device was deleted under a running VMM, or a descriptor was used that never had a device.", \
	  "Close the queue, or create the device anew and attach to it.")

/*
 * C(direction, reason, driver): the counters that a queue has, one for each
 * pair that a site can produce in the TUN driver, in the TAP driver (macvtap
 * and ipvtap), or in BOTH. docs/ledger.csv has the sites.
 */
#define TAPDROP_CELLS(C)						\
	C(TO_USER, PTR_FULL, BOTH)					\
	C(TO_USER, SKB_GSO_SEGMENT, TAP)				\
	C(TO_USER, SKB_CHECKSUM, TAP)					\
	C(TO_USER, VIRTNET_HDR, TUN)					\
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
	C(FROM_USER, PKT_TOO_BIG, TUN)					\
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
