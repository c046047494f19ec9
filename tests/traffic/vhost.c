// SPDX-License-Identifier: GPL-2.0-only
/*
 * vhost-net on a queue, as a VMM sets it up: this process is the guest's
 * memory and the guest's driver at once.
 */
#include <fcntl.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "frame.h"
#include "object.h"
#include "queue.h"
#include "tally.h"
#include "vhost.h"
#include "vring.h"

/* Numbers of vhost-net's virtqueues, as the guest sees them. */
enum { RX, TX, VQS };

#define BUFFERS_SPACE	((size_t)VRING_ENTRIES * VRING_BUFFER)
#define VQ_SPACE	(VRING_SPACE + BUFFERS_SPACE)
#define SPACE		(VQS * VQ_SPACE)

#define USED_WAIT_MS	5000

/**
 * struct vhost - a vhost-net device
 * @space:	the guest's memory; its addresses are this process's
 * @vq:		the virtqueues
 * @shape:	what precedes a packet
 */
struct vhost {
	unsigned char *space;
	struct vring_queue vq[VQS];
	struct frame_shape shape;
};

static void call(int fd, unsigned long request, void *arg, const char *what)
{
	if (ioctl(fd, request, arg))
		fail_errno(what);
}

static void set_memory(int fd, struct vhost *vhost)
{
	struct {
		struct vhost_memory head;
		struct vhost_memory_region region;
	} mem = {
		.head.nregions = 1,
		.region.guest_phys_addr = (uintptr_t)vhost->space,
		.region.userspace_addr = (uintptr_t)vhost->space,
		.region.memory_size = SPACE,
	};

	call(fd, VHOST_SET_MEM_TABLE, &mem, "VHOST_SET_MEM_TABLE");
}

static void set_vring(int fd, struct vring_queue *vq, unsigned int index)
{
	struct vhost_vring_state num = { index, VRING_ENTRIES };
	struct vhost_vring_state base = { index, 0 };
	struct vhost_vring_file kick = { index, vq->kick };
	struct vhost_vring_file used = { index, vq->call };
	struct vhost_vring_addr addr = {
		.index = index,
		.desc_user_addr = (uintptr_t)vq->ring.desc,
		.avail_user_addr = (uintptr_t)vq->ring.avail,
		.used_user_addr = (uintptr_t)vq->ring.used,
	};

	call(fd, VHOST_SET_VRING_NUM, &num, "VHOST_SET_VRING_NUM");
	call(fd, VHOST_SET_VRING_BASE, &base, "VHOST_SET_VRING_BASE");
	call(fd, VHOST_SET_VRING_ADDR, &addr, "VHOST_SET_VRING_ADDR");
	call(fd, VHOST_SET_VRING_KICK, &kick, "VHOST_SET_VRING_KICK");
	call(fd, VHOST_SET_VRING_CALL, &used, "VHOST_SET_VRING_CALL");
}

static void set_backend(int fd, int queue_fd)
{
	for (unsigned int i = 0; i < VQS; i++) {
		struct vhost_vring_file backend = { i, queue_fd };

		call(fd, VHOST_NET_SET_BACKEND, &backend,
		     "VHOST_NET_SET_BACKEND");
	}
}

static void release(struct object *obj)
{
	struct vhost *vhost = obj->priv;

	for (int i = 0; i < VQS; i++)
		vring_close(&vhost->vq[i]);
	munmap(vhost->space, SPACE);
	free(vhost);
}

static struct vhost *new_vhost(const struct queue *queue)
{
	struct vhost *vhost = calloc(1, sizeof(*vhost));
	unsigned char *space;

	vhost->shape = queue->shape;
	vhost->space = mmap(NULL, SPACE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (vhost->space == MAP_FAILED)
		fail_errno("mmap");
	for (int i = 0; i < VQS; i++) {
		space = vhost->space + i * VQ_SPACE;
		vring_setup(&vhost->vq[i], space, space + VRING_SPACE);
	}
	return vhost;
}

/**
 * vhost_start() - command "vhost NAME queue=QUEUE": let vhost-net serve a queue
 * @cmd: command
 *
 * The header is the queue's if it has one; else vhost-net takes the guest's
 * header off and makes one up, as it does for a queue without IFF_VNET_HDR.
 */
void vhost_start(struct command *cmd)
{
	struct object *queue = object_find(command_need(cmd, "queue"),
					   OBJECT_QUEUE);
	int fd = open("/dev/vhost-net", O_RDWR | O_CLOEXEC);
	struct object *obj;
	struct vhost *vhost;
	__u64 features = 0;

	if (fd < 0)
		fail_errno("/dev/vhost-net");
	vhost = new_vhost(queue->priv);
	if (!vhost->shape.vnet_len) {
		features |= 1ULL << VHOST_NET_F_VIRTIO_NET_HDR;
		vhost->shape.vnet_len = sizeof(struct virtio_net_hdr);
	} else if (vhost->shape.vnet_len > sizeof(struct virtio_net_hdr)) {
		features |= 1ULL << VIRTIO_F_VERSION_1;
	}
	obj = object_new(cmd, OBJECT_VHOST, fd);
	obj->priv = vhost;
	obj->release = release;
	call(fd, VHOST_SET_OWNER, NULL, "VHOST_SET_OWNER");
	call(fd, VHOST_SET_FEATURES, &features, "VHOST_SET_FEATURES");
	set_memory(fd, vhost);
	for (int i = 0; i < VQS; i++)
		set_vring(fd, &vhost->vq[i], i);
	set_backend(fd, queue->fd);
	printf("{}\n");
}

/**
 * vhost_stop() - command "vstop NAME": take the queue away from vhost-net,
 *	which gives frames that it holds back to the ring
 * @cmd: command
 */
void vhost_stop(struct command *cmd)
{
	set_backend(object_get(cmd, OBJECT_VHOST)->fd, -1);
	printf("{}\n");
}

static long offer_frames(struct vring_queue *vq, struct frame *frame,
			 long count)
{
	long offered = 0;

	while (offered < count && vring_free(vq)) {
		unsigned char *buf = vring_buffer(vq);

		memcpy(buf, frame->data, frame->len);
		frame_stamp(frame, buf, frame->len);
		vring_offer(vq, frame->len, false);
		offered++;
	}
	return offered;
}

/**
 * vhost_tx() - command "vtx NAME [ count=N ] [ kick=0 ] [ wait=MS ] FRAME":
 *	the guest sends frames
 * @cmd: command; with kick=0 they wait until the next command kicks
 *
 * vhost-net does not tell the guest what became of a frame: "ok" counts the
 * buffers that it has used, "stuck" those that it has not used in time.
 */
void vhost_tx(struct command *cmd)
{
	struct vhost *vhost = object_get(cmd, OBJECT_VHOST)->priv;
	struct vring_queue *vq = &vhost->vq[TX];
	int wait = command_num(cmd, "wait", USED_WAIT_MS);
	long left = command_num(cmd, "count", 1);
	bool kick = command_num(cmd, "kick", 1);
	static struct frame frame;
	struct tally tally = {};
	size_t len;

	frame_build(cmd, &frame, &vhost->shape);
	left -= offer_frames(vq, &frame, left);
	while (kick && vring_free(vq) < VRING_ENTRIES) {
		vring_kick(vq);
		if (!vring_wait(vq, wait))
			break;
		while (vring_take(vq, &len))
			tally_add(&tally, len);
		left -= offer_frames(vq, &frame, left);
	}
	printf("{");
	tally_print(&tally);
	printf(",\"stuck\":%u}\n", VRING_ENTRIES - vring_free(vq));
}

/* Whether the guest's memory behind the buffers is there. */
static void map_buffers(struct vring_queue *vq, bool there)
{
	if (mprotect(vq->buffers, BUFFERS_SPACE,
		     there ? PROT_READ | PROT_WRITE : PROT_NONE))
		fail_errno("mprotect");
}

/**
 * vhost_rx() - command "vrx NAME [ post=N ] [ size=N ] [ fault=1 ]
 *	[ expect=N ] [ wait=MS ]": the guest offers N buffers, then takes
 *	frames until it has as many as it expects, or none comes for a while
 * @cmd: command; with fault=1 the buffers are not mapped until the next one
 */
void vhost_rx(struct command *cmd)
{
	struct vhost *vhost = object_get(cmd, OBJECT_VHOST)->priv;
	struct vring_queue *vq = &vhost->vq[RX];
	unsigned long expect = command_num(cmd, "expect", 0);
	long post = command_num(cmd, "post", 0);
	long size = command_num(cmd, "size", VRING_BUFFER);
	int wait = command_num(cmd, "wait", USED_WAIT_MS);
	struct tally tally = {};
	size_t len;

	if (post > vring_free(vq) || size > VRING_BUFFER)
		fail("post= or size= out of range");
	map_buffers(vq, !command_num(cmd, "fault", 0));
	for (long i = 0; i < post; i++)
		vring_offer(vq, size, true);
	if (post)
		vring_kick(vq);
	while (tally.ok < expect && vring_wait(vq, wait))
		while (vring_take(vq, &len))
			tally_add(&tally, len);
	printf("{");
	tally_print(&tally);
	printf(",\"posted\":%u}\n", VRING_ENTRIES - vring_free(vq));
}
