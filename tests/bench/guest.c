// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest behind vhost-net: this process is its memory and its driver.
 *
 * vhost-net's thread has the only processor as soon as there is work, and this
 * process goes on when all of it is done: it asks for the lowest priority.
 */
#include <fcntl.h>
#include <linux/vhost.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../traffic/command.h"
#include "../traffic/vring.h"
#include "guest.h"

enum { RX, TX, VQS };

#define VQ_SPACE	(VRING_SPACE + (size_t)VRING_ENTRIES * VRING_BUFFER)
#define SPACE		(VQS * VQ_SPACE)

static struct vring_queue vqs[VQS];
static unsigned char *space;
static int vhost = -1;

static void call(unsigned long request, void *arg)
{
	if (ioctl(vhost, request, arg))
		fail_errno("vhost");
}

static void share_memory(void)
{
	struct {
		struct vhost_memory head;
		struct vhost_memory_region region;
	} memory = {
		.head.nregions = 1,
		.region.guest_phys_addr = (uintptr_t)space,
		.region.userspace_addr = (uintptr_t)space,
		.region.memory_size = SPACE,
	};

	call(VHOST_SET_MEM_TABLE, &memory);
}

static void start_vq(unsigned int index, int queue)
{
	struct vring_queue *vq = &vqs[index];
	struct vhost_vring_addr addr = { .index = index };
	struct vhost_vring_state state = { index, VRING_ENTRIES };
	struct vhost_vring_file file = { index, -1 };

	vring_setup(vq, space + index * VQ_SPACE,
		    space + index * VQ_SPACE + VRING_SPACE);
	addr.desc_user_addr = (uintptr_t)vq->ring.desc;
	addr.avail_user_addr = (uintptr_t)vq->ring.avail;
	addr.used_user_addr = (uintptr_t)vq->ring.used;
	call(VHOST_SET_VRING_NUM, &state);
	state.num = 0;
	call(VHOST_SET_VRING_BASE, &state);
	call(VHOST_SET_VRING_ADDR, &addr);
	file.fd = vq->kick;
	call(VHOST_SET_VRING_KICK, &file);
	file.fd = queue;
	call(VHOST_NET_SET_BACKEND, &file);
}

/**
 * guest_start() - let vhost-net serve a queue
 * @end: whose queue, with a virtio-net header
 */
void guest_start(const struct end *end)
{
	const struct sched_param param = {};
	uint64_t features = 0;

	vhost = open("/dev/vhost-net", O_RDWR | O_CLOEXEC);
	if (vhost < 0)
		fail_errno("/dev/vhost-net");
	space = mmap(NULL, SPACE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (space == MAP_FAILED)
		fail_errno("mmap");
	call(VHOST_SET_OWNER, NULL);
	call(VHOST_SET_FEATURES, &features);
	share_memory();
	for (int i = 0; i < VQS; i++)
		start_vq(i, end->queue);
	if (sched_setscheduler(0, SCHED_IDLE, &param))
		fail_errno("sched_setscheduler");
}

/**
 * guest_stop() - undo guest_start(), if it was called
 */
void guest_stop(void)
{
	const struct sched_param param = {};

	if (vhost < 0)
		return;
	close(vhost);
	vhost = -1;
	munmap(space, SPACE);
	for (int i = 0; i < VQS; i++)
		vring_close(&vqs[i]);
	if (sched_setscheduler(0, SCHED_OTHER, &param))
		fail_errno("sched_setscheduler");
}

/**
 * guest_offer_frames() - frames that the guest sends
 * @frame: virtio-net header and frame
 * @len: length of both
 * @count: how many
 */
void guest_offer_frames(const void *frame, size_t len, int count)
{
	while (count--) {
		memcpy(vring_buffer(&vqs[TX]), frame, len);
		vring_offer(&vqs[TX], len, false);
	}
}

/**
 * guest_offer_buffers() - buffers for frames that the guest receives
 * @count: how many
 */
void guest_offer_buffers(int count)
{
	while (count--)
		vring_offer(&vqs[RX], VRING_BUFFER, true);
}

/**
 * guest_kick() - wait until vhost-net has used all that was offered
 */
void guest_kick(void)
{
	size_t len;

	for (int i = 0; i < VQS; i++) {
		if (vring_free(&vqs[i]) == VRING_ENTRIES)
			continue;
		vring_kick(&vqs[i]);
		while (vring_free(&vqs[i]) < VRING_ENTRIES)
			if (!vring_take(&vqs[i], &len))
				sched_yield();
	}
}
