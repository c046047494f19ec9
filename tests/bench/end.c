// SPDX-License-Identifier: GPL-2.0-only
/* Devices between a queue and a packet socket. */
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../traffic/command.h"
#include "end.h"

/* For local experiments; big-endian 0x88b5 */
#define PROTOCOL	0xb588

static int interface_ioctl(unsigned long request, struct ifreq *ifr)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (ioctl(fd, request, ifr))
		fail_errno(ifr->ifr_name);
	return close(fd);
}

static void set_queue(int fd, const char *dev, int flags)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | flags };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", dev);
	if (ioctl(fd, TUNSETIFF, &ifr))
		fail_errno(dev);
}

/**
 * end_open_queue() - open a queue of a tap device, which this may create
 * @dev: name
 * @flags: IFF_VNET_HDR, IFF_MULTI_QUEUE
 *
 * Return: its file descriptor.
 */
int end_open_queue(const char *dev, int flags)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		fail_errno("/dev/net/tun");
	set_queue(fd, dev, flags);
	return fd;
}

/**
 * end_up() - bring a device up
 * @dev: name
 */
void end_up(const char *dev)
{
	struct ifreq ifr = { .ifr_flags = IFF_UP };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", dev);
	interface_ioctl(SIOCSIFFLAGS, &ifr);
}

static int open_wire(const char *dev)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_ifindex = if_nametoindex(dev),
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	int one = 1, big = 1 << 30;

	/* Frames in the ring of a macvtap are charged to the sender. */
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one,
		       sizeof(one)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &big, sizeof(big)))
		fail_errno(dev);
	return fd;
}

static void open_wires(struct end *end, const char *wire)
{
	struct ifreq ifr = {};

	end_up(end->dev);
	memcpy(ifr.ifr_name, end->dev, IFNAMSIZ);
	interface_ioctl(SIOCGIFHWADDR, &ifr);
	memcpy(end->mac, ifr.ifr_hwaddr.sa_data, sizeof(end->mac));
	end->wire = open_wire(wire);
}

/**
 * end_open_tap() - create a tap device with one queue and a virtio-net header
 * @end: where to put its ends
 * @dev: name
 */
void end_open_tap(struct end *end, const char *dev)
{
	snprintf(end->dev, sizeof(end->dev), "%s", dev);
	end->queue = end_open_queue(dev, IFF_VNET_HDR);
	open_wires(end, dev);
}

/**
 * end_open_macvtap() - open the queue of a macvtap device
 * @end: where to put its ends
 * @dev: name; the device exists
 * @wire: device that sends to the one beneath it
 */
void end_open_macvtap(struct end *end, const char *dev, const char *wire)
{
	char path[32];

	snprintf(end->dev, sizeof(end->dev), "%s", dev);
	snprintf(path, sizeof(path), "/dev/tap%u", if_nametoindex(dev));
	end->queue = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (end->queue < 0)
		fail_errno(path);
	set_queue(end->queue, dev, IFF_VNET_HDR);
	open_wires(end, wire);
}

/**
 * end_close() - close both ends; a tap device goes away
 * @end: the ends
 */
void end_close(struct end *end)
{
	close(end->wire);
	close(end->queue);
}

/**
 * end_frame() - a frame for either direction
 * @end: the ends
 * @frame: room for %END_FRAME bytes behind a virtio-net header
 *
 * Return: its length with the header.
 */
size_t end_frame(const struct end *end, unsigned char *frame)
{
	struct ether_header eth = { .ether_type = PROTOCOL };
	const size_t header = sizeof(struct virtio_net_hdr);

	memset(frame, 0, header + END_FRAME);
	memcpy(eth.ether_dhost, end->mac, sizeof(eth.ether_dhost));
	memcpy(frame + header, &eth, sizeof(eth));
	return header + END_FRAME;
}

/**
 * end_drain() - read until the queue is empty
 * @end: the ends
 *
 * Return: number of frames read.
 */
unsigned int end_drain(const struct end *end)
{
	unsigned char frame[2048];
	unsigned int frames = 0;

	while (read(end->queue, frame, sizeof(frame)) > 0)
		frames++;
	return frames;
}

static int bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

/**
 * end_attach_xdp() - let an XDP program judge what the queue writes
 * @end: the ends
 * @verdict: what it says to every frame
 *
 * The program stays as long as this process, or its device, lives.
 */
void end_attach_xdp(const struct end *end, int verdict)
{
	struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = verdict },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_XDP,
		.insns = (uintptr_t)code,
		.insn_cnt = sizeof(code) / sizeof(*code),
		.license = (uintptr_t)"GPL",
	};
	union bpf_attr link = {
		.link_create.prog_fd = bpf(BPF_PROG_LOAD, &load),
		.link_create.target_ifindex = if_nametoindex(end->dev),
		.link_create.attach_type = BPF_XDP,
	};

	if (bpf(BPF_LINK_CREATE, &link) < 0)
		fail_errno("bpf");
}

/**
 * end_counter() - read a standard counter of the device
 * @end: the ends
 * @name: its name in sysfs
 *
 * Return: its value.
 */
unsigned long end_counter(const struct end *end, const char *name)
{
	unsigned long value;
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/%s",
		 end->dev, name);
	file = fopen(path, "re");
	if (!file || fscanf(file, "%lu", &value) != 1)
		fail_errno(path);
	fclose(file);
	return value;
}
