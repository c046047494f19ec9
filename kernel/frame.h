/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TAPDROP_FRAME_H
#define _TAPDROP_FRAME_H

#include "hooks.h"

/* Ethernet, two VLAN tags, IPv6 with an option, and the ports. */
#define TAPDROP_FRAME_HEAD	96

unsigned int tapdrop_frame_len(const struct tapdrop_dev *td,
			       const struct sk_buff *skb);
unsigned int tapdrop_frame_head(const struct tapdrop_dev *td,
				enum tapdrop_cell cell,
				const struct sk_buff *skb,
				u8 head[TAPDROP_FRAME_HEAD]);

#endif /* _TAPDROP_FRAME_H */
