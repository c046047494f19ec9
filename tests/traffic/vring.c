// SPDX-License-Identifier: GPL-2.0-only
/* The driver's end of a split virtqueue: buffers offered, buffers used. */
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "command.h"
#include "vring.h"

/**
 * vring_setup() - start with an empty queue
 * @vq: queue
 * @space: VRING_SPACE bytes for its rings, aligned to a page
 * @buffers: VRING_ENTRIES times VRING_BUFFER bytes
 */
void vring_setup(struct vring_queue *vq, unsigned char *space,
		 unsigned char *buffers)
{
	memset(vq, 0, sizeof(*vq));
	vring_init(&vq->ring, VRING_ENTRIES, space, 4096);
	vq->buffers = buffers;
	vq->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	vq->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (vq->kick < 0 || vq->call < 0)
		fail_errno("eventfd");
}

/**
 * vring_close() - close the queue's eventfds
 * @vq: queue
 */
void vring_close(struct vring_queue *vq)
{
	close(vq->kick);
	close(vq->call);
}

/**
 * vring_free() - how many buffers the driver can offer
 * @vq: queue
 *
 * Return: entries that the device does not hold.
 */
unsigned int vring_free(const struct vring_queue *vq)
{
	return VRING_ENTRIES - (unsigned short)(vq->next - vq->seen);
}

/**
 * vring_buffer() - the buffer that vring_offer() will offer
 * @vq: queue
 *
 * Return: VRING_BUFFER bytes.
 */
unsigned char *vring_buffer(struct vring_queue *vq)
{
	return vq->buffers + (size_t)(vq->next % VRING_ENTRIES) * VRING_BUFFER;
}

/**
 * vring_offer() - offer one buffer; the caller has checked vring_free()
 * @vq: queue
 * @len: its length
 * @device_writes: whether it is for a frame from the device
 *
 * Buffers are used in order by vhost-net, so that the entry's number tells
 * which descriptor is free.
 */
void vring_offer(struct vring_queue *vq, size_t len, bool device_writes)
{
	unsigned int n = vq->next % VRING_ENTRIES;
	struct vring_desc *desc = &vq->ring.desc[n];

	desc->addr = (uintptr_t)vring_buffer(vq);
	desc->len = len;
	desc->flags = device_writes ? VRING_DESC_F_WRITE : 0;
	vq->ring.avail->ring[n] = n;
	vq->next++;
	/* The entry is complete before the device can see its index. */
	__atomic_store_n(&vq->ring.avail->idx, vq->next, __ATOMIC_RELEASE);
}

/**
 * vring_kick() - tell the device of the buffers offered
 * @vq: queue
 */
void vring_kick(struct vring_queue *vq)
{
	uint64_t one = 1;

	if (write(vq->kick, &one, sizeof(one)) != sizeof(one))
		fail_errno("kick");
}

/**
 * vring_take() - take a buffer back that the device has used
 * @vq: queue
 * @len: bytes that the device wrote
 *
 * Return: false if there is none.
 */
bool vring_take(struct vring_queue *vq, size_t *len)
{
	unsigned short used = __atomic_load_n(&vq->ring.used->idx,
					      __ATOMIC_ACQUIRE);

	if (used == vq->seen)
		return false;
	*len = vq->ring.used->ring[vq->seen % VRING_ENTRIES].len;
	vq->seen++;
	return true;
}

/**
 * vring_wait() - wait until the device has used a buffer
 * @vq: queue
 * @ms: for how long
 *
 * Return: false if it has not in that time.
 */
bool vring_wait(struct vring_queue *vq, int ms)
{
	struct pollfd poll_call = { .fd = vq->call, .events = POLLIN };
	uint64_t count;

	/* Several uses may share one call, so look before sleeping. */
	if (__atomic_load_n(&vq->ring.used->idx, __ATOMIC_ACQUIRE) != vq->seen)
		return true;
	if (poll(&poll_call, 1, ms) <= 0)
		return false;
	return read(vq->call, &count, sizeof(count)) == sizeof(count);
}
