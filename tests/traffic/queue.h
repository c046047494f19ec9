/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TRAFFIC_QUEUE_H
#define _TRAFFIC_QUEUE_H

#include "command.h"
#include "frame.h"

/**
 * struct queue - an open queue of a tun, tap, macvtap or ipvtap device
 * @shape:	what precedes a packet
 * @block:	whether the file is in blocking mode
 */
struct queue {
	struct frame_shape shape;
	bool block;
};

void queue_open(struct command *cmd);
void queue_open_tap(struct command *cmd);
void queue_iff(struct command *cmd);
void queue_attach(struct command *cmd);
void queue_detach(struct command *cmd);
void queue_set(struct command *cmd);
void queue_txfilter(struct command *cmd);
void queue_filter(struct command *cmd);

#endif /* _TRAFFIC_QUEUE_H */
