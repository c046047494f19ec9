/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _BENCH_END_H
#define _BENCH_END_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

/* Behind the virtio-net header; nobody in the stack wants its protocol. */
#define END_FRAME	64

/**
 * struct end - both ends of a device
 * @dev:	name of the device
 * @queue:	its queue, where the guest would be
 * @wire:	packet socket from which the stack sends to the queue
 * @mac:	address of the device
 */
struct end {
	char dev[IFNAMSIZ];
	int queue;
	int wire;
	unsigned char mac[6];
};

/* A queue of a tap device that is created if it is not there yet. */
int end_open_queue(const char *dev, int flags);
void end_up(const char *dev);

void end_open_tap(struct end *end, const char *dev);
void end_open_macvtap(struct end *end, const char *dev, const char *wire);
void end_close(struct end *end);

size_t end_frame(const struct end *end, unsigned char *frame);
unsigned int end_drain(const struct end *end);
void end_attach_xdp(const struct end *end, int verdict);
unsigned long end_counter(const struct end *end, const char *name);

#endif /* _BENCH_END_H */
