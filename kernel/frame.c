// SPDX-License-Identifier: GPL-2.0-only
/* What a lost frame was, for who traces it. */

#include <linux/minmax.h>
#include <linux/skbuff.h>
#include <linux/string.h>

#include <uapi/linux/tapdrop.h>

#include "frame.h"

/*
 * Where the frame begins, from skb->data on. Sites behind eth_type_trans() have
 * pulled the Ethernet header; before it, the MAC header may not be set. On a
 * device without Ethernet, what is called so may be another device's.
 */
static int tapdrop_frame_start(const struct tapdrop_dev *td,
			       const struct sk_buff *skb)
{
	if (td->kind == TAPDROP_KIND_TUN || !skb_mac_header_was_set(skb))
		return 0;
	return min(skb_mac_offset(skb), 0);
}

/**
 * tapdrop_frame_len - get the length of a frame
 * @td: counters of its device
 * @skb: the frame, or NULL
 *
 * Context: any.
 *
 * Return: its length with the Ethernet header, if the device has one, but
 * without a VLAN tag that is not in the data; 0 if there is no skb.
 */
unsigned int tapdrop_frame_len(const struct tapdrop_dev *td,
			       const struct sk_buff *skb)
{
	return skb ? skb->len - tapdrop_frame_start(td, skb) : 0;
}

/**
 * tapdrop_frame_head - copy the first bytes of a frame
 * @td: counters of its device
 * @cell: direction and reason
 * @skb: the frame, or NULL
 * @head: where to put them; what is left is zeroed
 *
 * The headers are not looked at: the writer may have made them up.
 *
 * Context: any.
 *
 * Return: how many bytes there are; 0 if they cannot be read.
 */
unsigned int tapdrop_frame_head(const struct tapdrop_dev *td,
				enum tapdrop_cell cell,
				const struct sk_buff *skb,
				u8 head[TAPDROP_FRAME_HEAD])
{
	unsigned int len = min_t(unsigned int, tapdrop_frame_len(td, skb),
				 TAPDROP_FRAME_HEAD);

	/* How much was copied is not known; the rest is somebody's memory. Of
	 * an orphan nobody knows whether it begins with an Ethernet header.
	 */
	if (cell == TAPDROP_FROM_USER_SKB_COPY_DATA || !td->kind)
		len = 0;
	/* The offset may be negative; fails if the memory is a device's. */
	if (len && skb_copy_bits(skb, tapdrop_frame_start(td, skb), head, len))
		len = 0;
	memset(head + len, 0, TAPDROP_FRAME_HEAD - len);
	return len;
}
