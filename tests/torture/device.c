// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues and devices that all actors of the process use at the same time: what
 * one has just opened, another closes, renames or moves away.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../traffic/command.h"
#include "actor.h"
#include "device.h"
#include "guest.h"
#include "link.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof(*(a)))
#define QUEUES		16
#define TAPS		4
#define VTAPS		2
#define FRAME_MAX	2048
#define FRAMES		16
/* A device that comes and goes, and for how long it stays away */
#define PASSING		"pass"
#define PASS_USEC	200000
/* Interface indexes, whose device nodes have no namespace, of one process */
#define INDEXES		1000

/* Open queues; -1 is none. Who takes one out closes it; whatever has its number
 * next may be read or written for it, and so must not block.
 */
static int queues[QUEUES] = { [0 ... QUEUES - 1] = -1 };

/* Programs of each kind, by what they return */
static int socket_programs[4], xdp_programs[5];

/* Where devices are moved to, and a socket for rtnetlink there */
static int away = -1, away_rtnl = -1;

static int load(enum bpf_prog_type type, int ret)
{
	const struct bpf_insn code[] = {
		{ BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, ret },
		{ BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
	};
	union bpf_attr attr = {
		.prog_type = type,
		.insns = (unsigned long)code,
		.insn_cnt = ARRAY_SIZE(code),
		.license = (unsigned long)"GPL",
	};
	int fd = syscall(__NR_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));

	if (fd < 0)
		fail_errno("BPF_PROG_LOAD");
	return fd;
}

/**
 * device_programs() - load the programs, for which one has to be root; who has
 *	them may give them to his devices
 */
void device_programs(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(socket_programs); i++)
		socket_programs[i] = load(BPF_PROG_TYPE_SOCKET_FILTER, 30 * i);
	for (size_t i = 0; i < ARRAY_SIZE(xdp_programs); i++)
		xdp_programs[i] = load(BPF_PROG_TYPE_XDP, i);
}

/**
 * device_program() - one program
 * @xdp: for XDP? Else it is a filter.
 *
 * Return: its file descriptor.
 */
int device_program(bool xdp)
{
	return xdp ? xdp_programs[XDP_DROP] : socket_programs[1];
}

static const char *tap_name(struct chance *c, char *name)
{
	snprintf(name, IFNAMSIZ, "t%u", chance_below(c, TAPS));
	return name;
}

static const char *any_name(struct chance *c, char *name)
{
	unsigned int n = chance_below(c, TAPS + VTAPS);

	if (n < TAPS)
		snprintf(name, IFNAMSIZ, "t%u", n);
	else
		snprintf(name, IFNAMSIZ, "v%u", n - TAPS);
	return name;
}

static int vtap_index(const struct actor *a, unsigned int n)
{
	return INDEXES * (1 + a->number / 100) + n;
}

/* Who swaps XDP programs, one of the unprivileged, has devices of one queue: upstream
 * warns if generic XDP sees a frame of a queue that is detached, and so has an index
 * too high.
 */
static bool swaps_xdp(const struct actor *a)
{
	return a->number / 100 % 3 == 1;
}

static int queue(struct chance *c)
{
	return queues[chance_below(c, QUEUES)];
}

/* Puts one in the place of another. Returns whether there was one. */
static bool keep(struct chance *c, int fd)
{
	int before = __atomic_exchange_n(&queues[chance_below(c, QUEUES)], fd,
					 __ATOMIC_ACQ_REL);

	return before >= 0 && !close(before);
}

/**
 * device_open() - open a queue of the tun driver, which may make the device
 * @name: name of the device
 * @flags: IFF_*
 *
 * Return: file descriptor of the queue, or -1.
 */
int device_open(const char *name, unsigned int flags)
{
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	struct ifreq ifr = { .ifr_flags = flags };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (fd >= 0 && ioctl(fd, TUNSETIFF, &ifr)) {
		close(fd);
		return -1;
	}
	return fd;
}

/**
 * device_lose() - lose one frame from the user: PKT_TOO_SMALL
 * @fd: queue with a virtio-net header
 *
 * Return: whether it was refused.
 */
bool device_lose(int fd)
{
	return write(fd, "short", 5) < 0;
}

static bool create(struct chance *c, struct actor *a)
{
	unsigned int flags = IFF_NO_PI | IFF_VNET_HDR;
	char name[IFNAMSIZ];
	int fd;

	flags |= chance_in(c, 4) ? IFF_TUN : IFF_TAP;
	flags |= swaps_xdp(a) || chance_in(c, 8) ? 0 : IFF_MULTI_QUEUE;
	flags |= chance_in(c, 4) ? IFF_NAPI : 0;
	tap_name(c, name);
	fd = device_open(name, flags);
	keep(c, fd);
	return fd >= 0 && link_up(a->rtnl, name, true);
}

static bool create_vtap(struct chance *c, struct actor *a)
{
	const char *kind = chance_in(c, 3) ? "ipvtap" : "macvtap";
	unsigned int n = chance_below(c, VTAPS);
	char name[IFNAMSIZ], lower[IFNAMSIZ];

	snprintf(name, sizeof(name), "v%u", n);
	return link_add(a->rtnl, name, kind,
			link_index(a->rtnl, tap_name(c, lower)),
			vtap_index(a, n));
}

static bool open_vtap(struct chance *c, struct actor *a)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/dev/tap%d",
		 vtap_index(a, chance_below(c, VTAPS)));
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (chance_in(c, 2))
		ifr.ifr_flags |= IFF_MULTI_QUEUE;
	ioctl(fd, TUNSETIFF, &ifr);
	keep(c, fd);
	return fd >= 0;
}

static bool close_any(struct chance *c, struct actor *a)
{
	(void)a;
	return keep(c, -1);
}

static bool persist(struct chance *c, struct actor *a)
{
	(void)a;
	return !ioctl(queue(c), TUNSETPERSIST, (long)chance_in(c, 2));
}

static bool set_queue(int fd, unsigned int flags)
{
	struct ifreq ifr = { .ifr_flags = flags };

	return !ioctl(fd, TUNSETQUEUE, &ifr);
}

/* One that is detached, of which there are few */
static bool attach(struct chance *c, struct actor *a)
{
	unsigned int first = chance_below(c, QUEUES);

	(void)a;
	for (unsigned int i = 0; i < QUEUES; i++)
		if (set_queue(queues[(first + i) % QUEUES], IFF_ATTACH_QUEUE))
			return true;
	return false;
}

static bool detach(struct chance *c, struct actor *a)
{
	(void)a;
	return set_queue(queue(c), IFF_DETACH_QUEUE);
}

/* What else a queue may be told */
static bool tune(struct chance *c, struct actor *a)
{
	int fd = queue(c), number = chance_below(c, 1 << 16);

	(void)a;
	switch (chance_below(c, 4)) {
	case 0:
		return !ioctl(fd, TUNSETSNDBUF, &number);
	case 1:
		return !ioctl(fd, TUNSETOFFLOAD, (long)(number & 0x1f));
	case 2:
		number = chance_in(c, 2) ? 10 : 12;
		return !ioctl(fd, TUNSETVNETHDRSZ, &number);
	default:
		number = !chance_in(c, 4);
		return !ioctl(fd, TUNSETCARRIER, &number);
	}
}

static bool set_txfilter(struct chance *c, int fd)
{
	struct {
		struct tun_filter head;
		unsigned char addr[ETH_ALEN];
	} filter = { .head.count = chance_below(c, 2) };

	return !ioctl(fd, TUNSETTXFILTER, &filter);
}

static bool filter(struct chance *c, struct actor *a)
{
	struct sock_filter insn = { BPF_RET | BPF_K, 0, 0, chance_below(c, 99) };
	struct sock_fprog classic = { 1, &insn };
	int fd = queue(c), which = chance_below(c, 6);
	int program = chance_in(c, 3) ? -1 :
		      socket_programs[chance_below(c, 4)];

	(void)a;
	switch (which) {
	case 0:
		return set_txfilter(c, fd);
	case 1:
		return !ioctl(fd, TUNATTACHFILTER, &classic);
	case 2:
		return !ioctl(fd, TUNDETACHFILTER, &classic);
	case 3:
		return !ioctl(fd, TUNSETFILTEREBPF, &program);
	default:
		return !ioctl(fd, TUNSETSTEERINGEBPF, &program);
	}
}

static bool vhost(struct chance *c, struct actor *a)
{
	(void)a;
	return guest_serve(chance_below(c, GUESTS),
			   chance_in(c, 3) ? -1 : queue(c));
}

static bool delete(struct chance *c, struct actor *a)
{
	char name[IFNAMSIZ];

	return link_delete(chance_in(c, 4) ? away_rtnl : a->rtnl,
			   any_name(c, name));
}

static bool rename_any(struct chance *c, struct actor *a)
{
	char name[IFNAMSIZ], other[IFNAMSIZ];

	tap_name(c, name);
	return link_rename(a->rtnl, name, tap_name(c, other));
}

static bool resize(struct chance *c, struct actor *a)
{
	char name[IFNAMSIZ];

	return link_resize(a->rtnl, any_name(c, name), chance_below(c, 500));
}

static bool down(struct chance *c, struct actor *a)
{
	char name[IFNAMSIZ];

	return link_up(a->rtnl, any_name(c, name), !chance_in(c, 4));
}

static bool xdp(struct chance *c, struct actor *a)
{
	unsigned int flags = chance_in(c, 2) ? XDP_FLAGS_SKB_MODE :
					       XDP_FLAGS_DRV_MODE;
	int program = chance_in(c, 3) ? -1 : xdp_programs[chance_below(c, 5)];
	char name[IFNAMSIZ];

	return swaps_xdp(a) && link_xdp(a->rtnl, any_name(c, name), program, flags);
}

/* To the other namespace, or back, maybe with another index */
static bool move(struct chance *c, struct actor *a)
{
	int index = chance_in(c, 2) ? 0 : 1 + chance_below(c, INDEXES - 1);
	bool back = chance_in(c, 3);
	char name[IFNAMSIZ];

	any_name(c, name);
	if (back)
		return link_move(away_rtnl, name, a->home, index);
	return link_move(a->rtnl, name, away, index);
}

/* Another other namespace; the one before ends with all that is in it. */
static bool netns(struct chance *c, struct actor *a)
{
	int netns = -1, rtnl = -1;

	(void)c;
	if (unshare(CLONE_NEWNET))
		return false;
	netns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	rtnl = link_open();
	if (setns(a->home, CLONE_NEWNET))
		fail_errno("setns");
	netns = __atomic_exchange_n(&away, netns, __ATOMIC_ACQ_REL);
	rtnl = __atomic_exchange_n(&away_rtnl, rtnl, __ATOMIC_ACQ_REL);
	close(netns);
	close(rtnl);
	return true;
}

/* Frames that make some sense, or none: a virtio-net header, then Ethernet */
static size_t make_frame(struct chance *c, unsigned char *frame)
{
	size_t len = chance_in(c, 4) ? chance_below(c, 40) :
				       60 + chance_below(c, FRAME_MAX - 60);

	memset(frame, 0, len);
	memset(frame + 10, chance_in(c, 2) ? 0xff : 2, ETH_ALEN);
	frame[22] = 8;
	frame[24] = 0x45;
	if (chance_in(c, 8))
		frame[chance_below(c, 10)] = chance_next(c);
	return len;
}

static bool write_some(struct chance *c, struct actor *a)
{
	unsigned char frame[FRAME_MAX];
	size_t len = make_frame(c, frame);
	int fd = queue(c), good = 0;

	(void)a;
	for (int i = 0; i < FRAMES; i++)
		good += write(fd, frame, len) > 0;
	return good;
}

static bool read_some(struct chance *c, struct actor *a)
{
	int fd = queue(c), left = chance_below(c, 200), good = 0;
	unsigned char frame[FRAME_MAX];
	size_t len = chance_in(c, 4) ? chance_below(c, 60) : sizeof(frame);

	(void)a;
	while (left-- && read(fd, frame, len) > 0)
		good++;
	return good;
}

/* From the stack, as a program that owns packet sockets does */
static bool send_to(struct actor *a, const char *name,
		    const unsigned char *frame, size_t len)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_IP),
		.sll_ifindex = link_index(a->packet, name),
	};
	int good = 0;

	if (len < 40 || !addr.sll_ifindex)
		return false;
	for (int i = 0; i < FRAMES; i++)
		good += sendto(a->packet, frame + 10, len - 10, MSG_DONTWAIT,
			       (void *)&addr, sizeof(addr)) > 0;
	return good;
}

static bool send_some(struct chance *c, struct actor *a)
{
	unsigned char frame[FRAME_MAX];
	size_t len = make_frame(c, frame);
	char name[IFNAMSIZ];

	return send_to(a, any_name(c, name), frame, len);
}

/* A device that comes, has traffic and goes; then there is time to unload its
 * module.
 */
static bool pass(struct chance *c, struct actor *a)
{
	unsigned int flags = IFF_NO_PI | IFF_VNET_HDR;
	unsigned char frame[FRAME_MAX];
	size_t len = make_frame(c, frame);
	int fd, good = 0;

	flags |= chance_in(c, 4) ? IFF_NAPI : 0;
	fd = device_open(PASSING, IFF_TAP | flags);
	if (fd >= 0 && link_up(a->rtnl, PASSING, true)) {
		if (chance_in(c, 2))
			link_xdp(a->rtnl, PASSING,
				 xdp_programs[chance_below(c, 5)],
				 XDP_FLAGS_SKB_MODE);
		for (int i = 0; i < FRAMES; i++)
			good += write(fd, frame, len) > 0;
		good += send_to(a, PASSING, frame, len);
		good += read(fd, frame, chance_below(c, sizeof(frame))) > 0;
	}
	close(fd);
	usleep(chance_below(c, PASS_USEC));
	return good;
}

/* What happens to devices; each of these that succeeds is a round. */
struct act device_lives[] = {
	{ "attach", attach, 6 },
	{ "close", close_any, 8 },
	{ "create", create, 10 },
	{ "create-vtap", create_vtap, 4 },
	{ "delete", delete, 3 },
	{ "detach", detach, 6 },
	{ "down", down, 4 },
	{ "filter", filter, 8 },
	{ "move", move, 3 },
	{ "netns", netns, 1 },
	{ "open-vtap", open_vtap, 6 },
	{ "persist", persist, 3 },
	{ "rename", rename_any, 3 },
	{ "resize", resize, 4 },
	{ "tune", tune, 4 },
	{ "vhost", vhost, 4 },
	{ "xdp", xdp, 5 },
	{ }
};

/* And that modules can be unloaded under */
struct act device_passes[] = {
	{ "pass", pass, 1 },
	{ }
};

/* What they are for */
struct act device_traffic[] = {
	{ "read", read_some, 4 },
	{ "send", send_some, 4 },
	{ "write", write_some, 4 },
	{ }
};
