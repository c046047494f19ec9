// SPDX-License-Identifier: GPL-2.0-only
/* A host with many taps, each queue of which has lost frames. */
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../traffic/command.h"
#include "end.h"
#include "host.h"

static unsigned int n_queues, n_reasons;

/**
 * host_new() - begin a new host, in a network namespace of its own
 * @reasons: how many counters of each queue shall not be zero
 *
 * What is left of the one before is not closed: that would take long.
 */
void host_new(unsigned int reasons)
{
	const struct rlimit limit = { 1 << 16, 1 << 16 };

	if (setrlimit(RLIMIT_NOFILE, &limit) || unshare(CLONE_NEWNET))
		fail_errno("unshare");
	n_queues = 0;
	n_reasons = reasons;
}

/* Frames that end in the virtio-net header or in the Ethernet header, that
 * cannot be read, and for a device that is down.
 */
static void lose_frames(int queue)
{
	unsigned char frame[sizeof(struct virtio_net_hdr) + END_FRAME] = {};
	const struct {
		const void *frame;
		size_t len;
	} lost[HOST_REASONS] = {
		{ frame, 1 },
		{ frame, sizeof(struct virtio_net_hdr) + 1 },
		{ NULL, sizeof(frame) },
		{ frame, sizeof(frame) },
	};

	for (unsigned int i = 0; i < n_reasons; i++)
		if (write(queue, lost[i].frame, lost[i].len) != -1)
			fail("a frame was taken");
}

/**
 * host_grow() - add taps and queues
 * @queues: how many queues there shall be
 * @per_device: how many of them a tap has
 *
 * Return: number of taps.
 */
unsigned int host_grow(unsigned int queues, unsigned int per_device)
{
	char dev[IFNAMSIZ];

	for (; n_queues < queues; n_queues++) {
		snprintf(dev, sizeof(dev), "tap%u", n_queues / per_device);
		lose_frames(end_open_queue(dev, IFF_VNET_HDR |
						IFF_MULTI_QUEUE));
	}
	return (n_queues + per_device - 1) / per_device;
}
