// SPDX-License-Identifier: GPL-2.0-only
/* Guests behind vhost-net, which get another queue in the middle of it. */
#include <fcntl.h>
#include <linux/vhost.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../traffic/command.h"
#include "../traffic/vring.h"
#include "guest.h"

enum { RX, TX, VQS };

#define VQ_SPACE	(VRING_SPACE + (size_t)VRING_ENTRIES * VRING_BUFFER)
#define SPACE		(VQS * VQ_SPACE)
/* Buffers offered whenever there is another queue, and their length */
#define OFFER		32
#define LENGTH		200

struct guest {
	pthread_mutex_t lock;
	int fd;
	unsigned char *space;
	struct vring_queue vqs[VQS];
};

static struct guest guests[GUESTS] = {
	[0 ... GUESTS - 1] = { PTHREAD_MUTEX_INITIALIZER, -1 },
};

static bool share_memory(struct guest *g)
{
	struct {
		struct vhost_memory head;
		struct vhost_memory_region region;
	} memory = {
		.head.nregions = 1,
		.region.guest_phys_addr = (uintptr_t)g->space,
		.region.userspace_addr = (uintptr_t)g->space,
		.region.memory_size = SPACE,
	};

	return !ioctl(g->fd, VHOST_SET_MEM_TABLE, &memory);
}

static bool start_vq(struct guest *g, unsigned int index)
{
	struct vring_queue *vq = &g->vqs[index];
	struct vhost_vring_state num = { index, VRING_ENTRIES };
	struct vhost_vring_state base = { index, 0 };
	struct vhost_vring_file kick = { index, vq->kick };
	struct vhost_vring_addr addr = {
		.index = index,
		.desc_user_addr = (uintptr_t)vq->ring.desc,
		.avail_user_addr = (uintptr_t)vq->ring.avail,
		.used_user_addr = (uintptr_t)vq->ring.used,
	};

	return !ioctl(g->fd, VHOST_SET_VRING_NUM, &num) &&
	       !ioctl(g->fd, VHOST_SET_VRING_BASE, &base) &&
	       !ioctl(g->fd, VHOST_SET_VRING_ADDR, &addr) &&
	       !ioctl(g->fd, VHOST_SET_VRING_KICK, &kick);
}

static void stop(struct guest *g)
{
	close(g->fd);
	g->fd = -1;
	munmap(g->space, SPACE);
	for (int i = 0; i < VQS; i++)
		vring_close(&g->vqs[i]);
}

static bool start(struct guest *g)
{
	unsigned char *space;
	uint64_t features = 0;

	g->fd = open("/dev/vhost-net", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (g->fd < 0)
		return false;
	g->space = mmap(NULL, SPACE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (g->space == MAP_FAILED)
		fail_errno("mmap");
	for (int i = 0; i < VQS; i++) {
		space = g->space + i * VQ_SPACE;
		vring_setup(&g->vqs[i], space, space + VRING_SPACE);
	}
	if (ioctl(g->fd, VHOST_SET_OWNER, NULL) ||
	    ioctl(g->fd, VHOST_SET_FEATURES, &features) ||
	    !share_memory(g) || !start_vq(g, RX) || !start_vq(g, TX)) {
		stop(g);
		return false;
	}
	return true;
}

/* Buffers for frames that come, and frames that go */
static void offer(struct guest *g)
{
	size_t len;

	for (int i = 0; i < VQS; i++) {
		while (vring_take(&g->vqs[i], &len))
			;
		for (int n = 0; n < OFFER && vring_free(&g->vqs[i]); n++)
			vring_offer(&g->vqs[i], LENGTH + 7 * n, i == RX);
		vring_kick(&g->vqs[i]);
	}
}

static bool set_backend(struct guest *g, int queue)
{
	bool ok = true;

	for (unsigned int i = 0; i < VQS; i++) {
		struct vhost_vring_file backend = { i, queue };

		ok &= !ioctl(g->fd, VHOST_NET_SET_BACKEND, &backend);
	}
	return ok;
}

/**
 * guest_serve() - give a guest another queue
 * @number: which guest; it starts if it has not yet
 * @queue: the queue, or -1, which ends the guest
 *
 * Return: whether there is vhost-net, and it took the queue.
 */
bool guest_serve(unsigned int number, int queue)
{
	struct guest *g = &guests[number];
	bool ok = true;

	pthread_mutex_lock(&g->lock);
	if (queue < 0 && g->fd >= 0) {
		stop(g);
	} else if (queue >= 0 && (g->fd >= 0 || start(g))) {
		set_backend(g, -1);
		ok = set_backend(g, queue);
		offer(g);
	} else {
		ok = false;
	}
	pthread_mutex_unlock(&g->lock);
	return ok;
}
