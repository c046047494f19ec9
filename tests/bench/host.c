// SPDX-License-Identifier: GPL-2.0-only
/* A host with many taps, whose queues have lost frames or not. */
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "../traffic/command.h"
#include "end.h"
#include "host.h"

#define MAX_FILES	(1 << 16)

static unsigned int n_queues, n_reasons, n_cpus;
static int fds[MAX_FILES];		/* of the queues */

/**
 * host_new() - begin a new host, in a network namespace of its own
 * @reasons: how many counters of each queue shall not be zero
 * @cpus: on how many CPUs it shall lose those frames; 0 for all
 *
 * What is left of the one before is not closed: that would take long.
 */
void host_new(unsigned int reasons, unsigned int cpus)
{
	const struct rlimit limit = { MAX_FILES, MAX_FILES };

	if (setrlimit(RLIMIT_NOFILE, &limit) || unshare(CLONE_NEWNET))
		fail_errno("unshare");
	n_queues = 0;
	n_reasons = reasons;
	n_cpus = cpus ? cpus : (unsigned int)get_nprocs();
}

static void pin(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail_errno("sched_setaffinity");
}

/* Frames that end in the virtio-net header or in the Ethernet header, that
 * cannot be read, and for a device that is down.
 */
static void lose_frames(int queue, unsigned int reasons)
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

	for (unsigned int i = 0; i < reasons; i++)
		if (write(queue, lost[i].frame, lost[i].len) != -1)
			fail("a frame was taken");
}

static void lose_on_cpus(int queue)
{
	for (unsigned int cpu = n_cpus; n_reasons && cpu--;) {
		/* The last one is that on which the rest goes on. */
		if (n_cpus > 1)
			pin(cpu);
		lose_frames(queue, n_reasons);
	}
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
		fds[n_queues] = end_open_queue(dev, IFF_VNET_HDR |
						    IFF_MULTI_QUEUE);
		lose_on_cpus(fds[n_queues]);
	}
	return (n_queues + per_device - 1) / per_device;
}

/**
 * host_lose_all() - let all queues, which lost nothing, lose frames as others do
 * @reasons: how many counters of each queue shall not be zero
 */
void host_lose_all(unsigned int reasons)
{
	n_reasons = reasons;
	for (unsigned int i = 0; i < n_queues; i++)
		lose_on_cpus(fds[i]);
}

/**
 * host_lose() - let some queues lose one more frame each
 * @losing: how many of them, evenly spread
 */
void host_lose(unsigned int losing)
{
	for (unsigned int i = 0; i < losing; i++)
		lose_frames(fds[(size_t)i * n_queues / losing], 1);
}
