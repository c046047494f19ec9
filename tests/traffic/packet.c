// SPDX-License-Identifier: GPL-2.0-only
/* The other end: packet sockets that send frames to the stack and count them. */
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <net/ethernet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frame.h"
#include "memory.h"
#include "object.h"
#include "packet.h"
#include "tally.h"

#define SEND_BUFFER	(1 << 30)
#define SENDERS		16

static int open_packet(const char *dev, uint16_t protocol)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
		.sll_ifindex = if_nametoindex(dev),
	};
	int fd;

	if (!addr.sll_ifindex)
		fail("no such device: '%s'", dev);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		fail_errno("socket");
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		close(fd);
		fail_errno("bind");
	}
	return fd;
}

static void set_option(int fd, int level, int option, int value)
{
	if (setsockopt(fd, level, option, &value, sizeof(value)))
		fail_errno("setsockopt");
}

static bool is_l3(int fd, const char *dev)
{
	struct ifreq ifr = {};

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", dev);
	if (ioctl(fd, SIOCGIFHWADDR, &ifr))
		fail_errno("SIOCGIFHWADDR");
	return ifr.ifr_hwaddr.sa_family != ARPHRD_ETHER;
}

/**
 * struct sender - a socket that has sent frames
 * @ifindex:	its device, 0 if the entry is free
 * @vnet:	frames have a virtio-net header
 * @qdisc:	frames go through the queueing discipline
 * @fd:		the socket
 */
struct sender {
	unsigned int ifindex;
	bool vnet;
	bool qdisc;
	int fd;
};

static void open_sender(struct sender *sender, const char *dev)
{
	sender->fd = open_packet(dev, 0);
	set_option(sender->fd, SOL_PACKET, PACKET_VNET_HDR, sender->vnet);
	set_option(sender->fd, SOL_PACKET, PACKET_QDISC_BYPASS,
		   !sender->qdisc);
	set_option(sender->fd, SOL_SOCKET, SO_SNDBUFFORCE, SEND_BUFFER);
}

/*
 * The sockets stay open, as closing one takes the kernel a while. What happened
 * to the device since the last frame is not the next one's error.
 */
static int sender_fd(const char *dev, bool vnet, bool qdisc)
{
	static struct sender senders[SENDERS];
	struct sender want = { if_nametoindex(dev), vnet, qdisc, -1 };
	struct sender *s = senders;
	socklen_t len = sizeof(int);
	int error;

	while (s < senders + SENDERS && s->ifindex &&
	       (s->ifindex != want.ifindex || s->vnet != vnet ||
		s->qdisc != qdisc))
		s++;
	if (s == senders + SENDERS)
		fail("too many devices to send on");
	if (!s->ifindex) {
		open_sender(&want, dev);
		*s = want;
	}
	getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return s->fd;
}

/**
 * packet_send() - command "send dev=DEV [ count=N ] [ vnet=1 ] [ qdisc=1 ]
 *	FRAME": transmit frames on a device
 * @cmd: command; vnet=1 sends a virtio-net header along, so that gso= works;
 *	qdisc=1 does not bypass the queueing discipline
 */
void packet_send(struct command *cmd)
{
	const char *dev = command_need(cmd, "dev");
	bool vnet = command_num(cmd, "vnet", 0);
	int fd = sender_fd(dev, vnet, command_num(cmd, "qdisc", 0));
	struct frame_shape shape = {
		.l3 = is_l3(fd, dev),
		.vnet_len = vnet ? sizeof(struct virtio_net_hdr) : 0,
	};
	long count = command_num(cmd, "count", 1);
	static struct frame frame;
	struct tally tally = {};
	struct memory mem;

	frame_build(cmd, &frame, &shape);
	memory_get(cmd, &mem, frame.len);
	memcpy(mem.base, frame.data, mem.mapped);
	while (count-- > 0) {
		frame_stamp(&frame, mem.base, mem.mapped);
		tally_add(&tally, memory_write(fd, &mem));
	}
	printf("{");
	tally_print(&tally);
	printf("}\n");
}

/* Accept what has the tag, and came in or goes out; a byte of it is enough. */
static void attach_tag_filter(int fd, long tag, bool l3, bool out)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS,
			 SKF_AD_OFF + SKF_AD_PKTTYPE),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING,
			 out ? 0 : 2, out ? 2 : 0),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS,
			 l3 ? FRAME_L3_TAG_AT : FRAME_TAG_AT),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, tag, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, 1),
	};
	struct sock_fprog prog = {
		.len = sizeof(code) / sizeof(*code),
		.filter = code,
	};

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)))
		fail_errno("SO_ATTACH_FILTER");
}

/**
 * packet_sink() - command "sink NAME dev=DEV tag=N [ out=1 ] [ protocol=N ]":
 *	count the frames with the tag that come in on a device, or go out
 * @cmd: command; with a protocol, only those that no receive handler took
 *
 * The socket's buffer holds next to nothing: the kernel counts what it drops
 * there, too, which is all that is wanted.
 */
void packet_sink(struct command *cmd)
{
	const char *dev = command_need(cmd, "dev");
	int fd = open_packet(dev, command_num(cmd, "protocol", ETH_P_ALL));

	attach_tag_filter(fd, atol(command_need(cmd, "tag")), is_l3(fd, dev),
			  command_num(cmd, "out", 0));
	set_option(fd, SOL_SOCKET, SO_RCVBUF, 1);
	object_new(cmd, OBJECT_SINK, fd)->priv = calloc(1, sizeof(long));
	printf("{}\n");
}

/**
 * packet_seen() - command "seen NAME": how many frames a sink has counted
 * @cmd: command
 */
void packet_seen(struct command *cmd)
{
	struct object *obj = object_get(cmd, OBJECT_SINK);
	struct tpacket_stats stats;
	socklen_t len = sizeof(stats);
	long *seen = obj->priv;

	if (getsockopt(obj->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len))
		fail_errno("PACKET_STATISTICS");
	*seen += stats.tp_packets;
	printf("{\"ok\":%ld}\n", *seen);
}
