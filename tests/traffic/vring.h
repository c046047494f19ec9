/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TRAFFIC_VRING_H
#define _TRAFFIC_VRING_H

#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stddef.h>

/* Fewer would do, but a batch of vhost-net is 64. */
#define VRING_ENTRIES	256
#define VRING_BUFFER	(72 << 10)
#define VRING_SPACE	(64 << 10)

/**
 * struct vring_queue - the driver's end of a split virtqueue
 * @ring:	where its three parts are
 * @buffers:	VRING_ENTRIES buffers of VRING_BUFFER bytes
 * @kick:	eventfd that tells the device of new buffers
 * @call:	eventfd by which the device tells of used ones
 * @next:	entry of the available ring to be filled next
 * @seen:	entry of the used ring to be looked at next
 *
 * Entry n of the descriptor table always describes buffer n.
 */
struct vring_queue {
	struct vring ring;
	unsigned char *buffers;
	int kick;
	int call;
	unsigned short next;
	unsigned short seen;
};

void vring_setup(struct vring_queue *vq, unsigned char *space,
		 unsigned char *buffers);
void vring_close(struct vring_queue *vq);
unsigned char *vring_buffer(struct vring_queue *vq);
void vring_offer(struct vring_queue *vq, size_t len, bool device_writes);
void vring_kick(struct vring_queue *vq);
unsigned int vring_free(const struct vring_queue *vq);
bool vring_take(struct vring_queue *vq, size_t *len);
bool vring_wait(struct vring_queue *vq, int ms);

#endif /* _TRAFFIC_VRING_H */
