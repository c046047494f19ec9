/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TRAFFIC_FRAME_H
#define _TRAFFIC_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "command.h"

#define FRAME_SPACE	(72 << 10)

/*
 * Every frame carries a tag, and one with an Ethernet header also a mark: the
 * last two bytes of the source MAC address, or the last byte of the source IP
 * address. Filters and XDP programs decide by them, readers count by them.
 */
#define FRAME_MARK_AT	10
#define FRAME_TAG_AT	11
#define FRAME_L3_TAG_AT	15

/**
 * struct frame_shape - what precedes the packet on the way that it goes
 * @l3:		no Ethernet header
 * @pi:		packet information of tun
 * @vnet_len:	length of the virtio-net header
 */
struct frame_shape {
	bool l3;
	bool pi;
	size_t vnet_len;
};

/**
 * struct frame - a frame to be sent many times
 * @len:	bytes to hand over
 * @data:	the bytes
 * @port_at:	where the source port is; it changes with the flow
 * @port:	that of the first flow
 * @seq_at:	where the sequence number is
 * @flows:	number of flows
 * @seq:	number of the next frame
 */
struct frame {
	size_t len;
	unsigned char data[FRAME_SPACE];
	size_t port_at;
	size_t seq_at;
	unsigned int port;
	unsigned int flows;
	uint32_t seq;
};

void frame_build(struct command *cmd, struct frame *frame,
		 const struct frame_shape *shape);
void frame_stamp(struct frame *frame, unsigned char *buf, size_t mapped);

#endif /* _TRAFFIC_FRAME_H */
