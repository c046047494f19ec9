/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-3-Clause */
/*
 * What to tell an operator of a reason in kernel/reasons.h: its likely cause,
 * and a remedy. Part of the initializer of the table in reasons.c.
 */
#define CAUSE(_name) \
	[TAPDROP_REASON_##_name - 1].cause
#define REMEDY(_name) \
	[TAPDROP_REASON_##_name - 1].remedy

CAUSE(PTR_FULL) =
	"The reader (guest, vhost worker or VPN daemon) is slower than the traffic, stalled or not scheduled.",
REMEDY(PTR_FULL) =
	"Check the reader's CPU and the guest's ring size; add queues; raise txqueuelen only against short bursts.",

CAUSE(SKB_GSO_SEGMENT) =
	"The reader turned offloads off and the frame is malformed, or memory is short.",
REMEDY(SKB_GSO_SEGMENT) =
	"Let the guest negotiate TSO; look for memory pressure and for the sender of broken GSO frames.",

CAUSE(SKB_CHECKSUM) =
	"The checksum offset of the frame lies outside of it, or memory is short.",
REMEDY(SKB_CHECKSUM) =
	"Let the guest negotiate checksum offload; look for the sender of the broken frames.",

CAUSE(SKB_COPY_DATA) =
	"The writer passed an address that is not mapped, or guest memory that the host cannot provide (huge pages or tmpfs used up).",
REMEDY(SKB_COPY_DATA) =
	"Look for memory that ran out on the host, then in the VMM's or daemon's log: its write() returned EFAULT; vhost-net does not tell the guest.",

CAUSE(VIRTNET_HDR) =
	"Writer and device disagree about IFF_VNET_HDR or TUNSETVNETHDRSZ, or the guest's driver builds bad headers.",
REMEDY(VIRTNET_HDR) =
	"Compare the header size of VMM and device; update the guest's virtio-net driver.",

CAUSE(DEV_READY) =
	"The interface is down while a VMM or daemon sends with write(), or frames arrive before the guest attaches a queue. While it is down, what vhost-net sends in batches is lost as well, but in the network stack, and not counted.",
REMEDY(DEV_READY) =
	"Set the interface up; attach the queues before the port joins the bridge.",

CAUSE(DEV_FILTER) =
	"The destination address is not one that the guest asked for; often flooded or multicast traffic.",
REMEDY(DEV_FILTER) =
	"Nothing to do if the traffic is not for this guest; else set its MAC addresses in the filter.",

CAUSE(SOCKET_FILTER) =
	"The classic BPF program that the VMM attached returned 0, or a security module objected.",
REMEDY(SOCKET_FILTER) =
	"Review the filter that the VMM or the management attaches.",

CAUSE(BPF_FILTER) =
	"The eBPF program returned 0.",
REMEDY(BPF_FILTER) =
	"Review the program; bpftool prog show lists it.",

CAUSE(SKB_PULL) =
	"The frame is empty or shorter than its link-layer header.",
REMEDY(SKB_PULL) =
	"Look at what builds the frames: the daemon, or the guest's driver. A write() returned EINVAL or ENOMEM.",

CAUSE(SKB_TRIM) =
	"Memory was short.",
REMEDY(SKB_TRIM) =
	"Look for memory pressure on the host.",

CAUSE(NOMEM) =
	"Memory was short in a context that cannot wait.",
REMEDY(NOMEM) =
	"Look for memory pressure on the host; raise vm.min_free_kbytes.",

CAUSE(PKT_TOO_SMALL) =
	"The writer sent a runt, or writer and device disagree about IFF_NO_PI.",
REMEDY(PKT_TOO_SMALL) =
	"Look at what builds the frames: the guest's driver, or the daemon. A write() returned EINVAL; vhost-net does not tell the guest.",

CAUSE(PKT_TOO_BIG) =
	"The writer passed a frame of more than 17 pages (before Linux 6.6), or with IFF_NAPI_FRAGS more than 17 fragments, one above a page, an empty one, or nearly 64 KiB in all.",
REMEDY(PKT_TOO_BIG) =
	"Lower the writer's MTU or its number of fragments.",

CAUSE(INVALID_PROTO) =
	"A writer to a tun device without packet information sent something else than IP.",
REMEDY(INVALID_PROTO) =
	"Use a tap device for Ethernet frames; check that writer and device agree about IFF_NO_PI.",

CAUSE(XDP_DROP) =
	"The program returned XDP_DROP.",
REMEDY(XDP_DROP) =
	"Review the program; bpftool net list shows it.",

CAUSE(XDP_ABORTED) =
	"The program returned XDP_ABORTED or an unknown verdict.",
REMEDY(XDP_ABORTED) =
	"This is a bug of the program; the tracepoint xdp:xdp_exception has details.",

CAUSE(XDP_TX) =
	"The frame has not the room that an xdp_frame needs.",
REMEDY(XDP_TX) =
	"Leave headroom in the program: do not move data to the very start.",

CAUSE(XDP_REDIRECT) =
	"The map entry is empty, or the target device is down or cannot transmit XDP frames.",
REMEDY(XDP_REDIRECT) =
	"Check the redirect map; the tracepoint xdp:xdp_redirect_err has details.",

CAUSE(QUEUE_PURGE) =
	"The guest shut down or removed a queue, or txqueuelen was lowered, while traffic came in.",
REMEDY(QUEUE_PURGE) =
	"Expected at shutdown; otherwise stop the traffic first.",

CAUSE(QUEUE_DETACHED) =
	"The VMM sends on a queue that the guest has switched off.",
REMEDY(QUEUE_DETACHED) =
	"Attach the queue before sending; a write() returned EBUSY, vhost-net does not tell the guest.",

CAUSE(NAPI_BUSY) =
	"Two writers share a queue in NAPI fragment mode.",
REMEDY(NAPI_BUSY) =
	"Use one writer per queue; the write() returned EBUSY.",

CAUSE(READ_FAULT) =
	"The reader passed an address that is not mapped, or guest memory that the host cannot provide (huge pages or tmpfs used up).",
REMEDY(READ_FAULT) =
	"Look for memory that ran out on the host, then in the log of the VMM or daemon.",

CAUSE(READ_TOO_SHORT) =
	"The buffers of the reader, such as a VPN daemon, are smaller than the device's MTU, or than a GSO frame.",
REMEDY(READ_TOO_SHORT) =
	"Give the reader buffers of 64 KiB, or turn its offloads off.",

CAUSE(READ_NO_ROOM) =
	"Under vhost-net, the frame is larger than the receive buffers of a guest without mergeable ones (mrg_rxbuf), often because its MTU is smaller than the host's. With read(), the buffer is shorter than the virtio-net or packet-information header.",
REMEDY(READ_NO_ROOM) =
	"Let the VMM offer mrg_rxbuf, or give guest, tap and bridge the same MTU. A daemon whose read() returned EINVAL needs a larger buffer.",

CAUSE(WRITE_RETRY) =
	"The send buffer (TUNSETSNDBUF) is full, memory is short, or a signal came.",
REMEDY(WRITE_RETRY) =
	"Nothing is lost as long as the writer tries again; else raise the send buffer.",

CAUSE(DEV_GONE) =
	"The device was deleted under a running VMM.",
REMEDY(DEV_GONE) =
	"Close the queue, or create the device anew and attach to it.",
