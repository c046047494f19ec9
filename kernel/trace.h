/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM tapdrop

#if !defined(_TAPDROP_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TAPDROP_TRACE_H

#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <linux/tracepoint.h>

#include "counters.h"
#include "frame.h"

/* The ids for user space, which reads the format file. */
#undef EM
#define EM(name, ...) \
	TRACE_DEFINE_ENUM(TAPDROP_REASON_##name);
TAPDROP_REASONS(EM)
TRACE_DEFINE_ENUM(TAPDROP_DIR_TO_USER);
TRACE_DEFINE_ENUM(TAPDROP_DIR_FROM_USER);

#undef EM
#define EM(name, ...) \
	{ TAPDROP_REASON_##name, #name },

TRACE_EVENT(drop,

	TP_PROTO(const struct tapdrop_dev *td, unsigned int queue,
		 enum tapdrop_cell cell, unsigned int packets,
		 const struct sk_buff *skb, unsigned long location),

	TP_ARGS(td, queue, cell, packets, skb, location),

	TP_STRUCT__entry(
		__array(char, ifname, IFNAMSIZ)
		__field(int, ifindex)
		__field(int, queue)
		__field(u8, dir)
		__field(u8, reason)
		__field(u16, protocol)
		__field(unsigned int, packets)
		__field(unsigned int, netns)
		__field(unsigned int, len)
		__field(u16, vlan_proto)
		__field(u16, vlan_tci)
		__field(u8, kind)
		__field(u8, head_len)
		__array(u8, head, TAPDROP_FRAME_HEAD)
		__field(const void *, skbaddr)
		__field(unsigned long, location)
	),

	TP_fast_assign(
		/* The device may be freed; these copies are not. */
		strscpy_pad(__entry->ifname, td->name[0] ? td->name : "-",
			    IFNAMSIZ);
		__entry->ifindex = READ_ONCE(td->ifindex);
		__entry->queue = queue < TAPDROP_NO_QUEUE ? queue : -1;
		__entry->dir = tapdrop_cells[cell].dir;
		__entry->reason = tapdrop_cells[cell].reason;
		__entry->protocol = skb ? be16_to_cpu(skb->protocol) : 0;
		__entry->packets = packets;
		__entry->netns = READ_ONCE(td->netns);
		__entry->len = tapdrop_frame_len(td, skb);
		__entry->vlan_proto = skb && skb_vlan_tag_present(skb) ?
				      be16_to_cpu(skb->vlan_proto) : 0;
		__entry->vlan_tci = __entry->vlan_proto ?
				    skb_vlan_tag_get(skb) : 0;
		__entry->kind = td->kind;
		__entry->head_len = tapdrop_frame_head(td, cell, skb,
						       __entry->head);
		__entry->skbaddr = skb;
		__entry->location = location;
	),

	TP_printk("dev=%s queue=%d dir=%s reason=%s packets=%u protocol=0x%04x ifindex=%d netns=%u kind=%u len=%u vlan=0x%04x:0x%04x head=%s skbaddr=%p location=%pS",
		  __entry->ifname, __entry->queue,
		  __print_symbolic(__entry->dir,
				   { TAPDROP_DIR_TO_USER, "to-user" },
				   { TAPDROP_DIR_FROM_USER, "from-user" }),
		  __print_symbolic(__entry->reason,
				   TAPDROP_REASONS(EM) { 0, "?" }),
		  __entry->packets, __entry->protocol, __entry->ifindex,
		  __entry->netns, __entry->kind, __entry->len,
		  __entry->vlan_proto, __entry->vlan_tci,
		  __print_hex_str(__entry->head, __entry->head_len),
		  __entry->skbaddr,
		  (void *)__entry->location)
);

#endif /* _TAPDROP_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
