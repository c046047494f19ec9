// SPDX-License-Identifier: GPL-2.0-only
/* What ip link does, without its process. */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "link.h"

#define ATTRS	256

struct request {
	struct nlmsghdr nlh;
	struct ifinfomsg info;
	unsigned char attrs[ATTRS];
};

/**
 * link_open() - open a socket for rtnetlink
 *
 * Return: its file descriptor, or -1.
 */
int link_open(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
		      NETLINK_ROUTE);
}

static struct rtattr *put(struct request *r, int type, const void *data,
			  size_t len)
{
	struct rtattr *attr = (void *)r + NLMSG_ALIGN(r->nlh.nlmsg_len);

	attr->rta_type = type;
	attr->rta_len = RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(attr), data, len);
	r->nlh.nlmsg_len = (void *)attr + RTA_ALIGN(attr->rta_len) - (void *)r;
	return attr;
}

static void put_number(struct request *r, int type, int number)
{
	put(r, type, &number, sizeof(number));
}

static void put_name(struct request *r, const char *name)
{
	put(r, IFLA_IFNAME, name, strlen(name) + 1);
}

static void end(struct request *r, struct rtattr *nest)
{
	nest->rta_len = (void *)r + r->nlh.nlmsg_len - (void *)nest;
}

static void begin(struct request *r, int type, int flags)
{
	memset(r, 0, sizeof(*r));
	r->nlh.nlmsg_len = NLMSG_LENGTH(sizeof(r->info));
	r->nlh.nlmsg_type = type;
	r->nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
}

/* The answer is short of memory to hold it at worst. */
static bool ask(int fd, struct request *r)
{
	struct {
		struct nlmsghdr nlh;
		struct nlmsgerr err;
		unsigned char more[1024];
	} answer = {};

	if (send(fd, r, r->nlh.nlmsg_len, 0) < 0)
		return false;
	if (recv(fd, &answer, sizeof(answer), MSG_DONTWAIT) < 0)
		return false;
	return answer.nlh.nlmsg_type == NLMSG_ERROR && !answer.err.error;
}

/**
 * link_index() - find a device's interface index
 * @fd: any socket of the network namespace
 * @name: name of the device
 *
 * Return: the index, or 0.
 */
int link_index(int fd, const char *name)
{
	struct ifreq ifr = {};

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	return ioctl(fd, SIOCGIFINDEX, &ifr) ? 0 : ifr.ifr_ifindex;
}

/**
 * link_add() - make a device
 * @fd: socket
 * @name: name of the new device
 * @kind: its kind
 * @lower: interface index of that below it, or 0
 * @index: interface index that it shall have, or 0
 *
 * Return: whether that went well.
 */
bool link_add(int fd, const char *name, const char *kind, int lower, int index)
{
	struct rtattr *nest;
	struct request r;

	begin(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	r.info.ifi_index = index;
	r.info.ifi_flags = IFF_UP;
	r.info.ifi_change = IFF_UP;
	put_name(&r, name);
	if (lower)
		put_number(&r, IFLA_LINK, lower);
	nest = put(&r, IFLA_LINKINFO, NULL, 0);
	put(&r, IFLA_INFO_KIND, kind, strlen(kind) + 1);
	end(&r, nest);
	return ask(fd, &r);
}

/**
 * link_delete() - delete a device
 * @fd: socket
 * @name: name of the device
 *
 * Return: whether that went well.
 */
bool link_delete(int fd, const char *name)
{
	struct request r;

	begin(&r, RTM_DELLINK, 0);
	put_name(&r, name);
	return ask(fd, &r);
}

/**
 * link_rename() - give a device another name, for which it must be down
 * @fd: socket
 * @name: name of the device
 * @other: its new name
 *
 * Return: whether that went well.
 */
bool link_rename(int fd, const char *name, const char *other)
{
	struct request r;
	bool ok;

	link_up(fd, name, false);
	begin(&r, RTM_NEWLINK, 0);
	r.info.ifi_index = link_index(fd, name);
	put_name(&r, other);
	ok = r.info.ifi_index && ask(fd, &r);
	link_up(fd, ok ? other : name, true);
	return ok;
}

/**
 * link_up() - set a device up, or down
 * @fd: socket
 * @name: name of the device
 * @up: up?
 *
 * Return: whether that went well.
 */
bool link_up(int fd, const char *name, bool up)
{
	struct request r;

	begin(&r, RTM_NEWLINK, 0);
	r.info.ifi_flags = up ? IFF_UP : 0;
	r.info.ifi_change = IFF_UP;
	put_name(&r, name);
	return ask(fd, &r);
}

/**
 * link_resize() - change the size of a device's rings
 * @fd: socket
 * @name: name of the device
 * @frames: how many they are to hold
 *
 * Return: whether that went well.
 */
bool link_resize(int fd, const char *name, unsigned int frames)
{
	struct request r;

	begin(&r, RTM_NEWLINK, 0);
	put_name(&r, name);
	put_number(&r, IFLA_TXQLEN, frames);
	return ask(fd, &r);
}

/**
 * link_move() - move a device to another network namespace
 * @fd: socket in the one where it is
 * @name: name of the device
 * @netns: file descriptor of the other
 * @index: interface index that it shall have there, or 0
 *
 * Return: whether that went well.
 */
bool link_move(int fd, const char *name, int netns, int index)
{
	struct request r;

	begin(&r, RTM_NEWLINK, 0);
	put_name(&r, name);
	put_number(&r, IFLA_NET_NS_FD, netns);
	if (index)
		put_number(&r, IFLA_NEW_IFINDEX, index);
	return ask(fd, &r);
}

/**
 * link_xdp() - give a device an XDP program
 * @fd: socket
 * @name: name of the device
 * @prog: file descriptor of the program, or -1 for none
 * @flags: XDP_FLAGS_*
 *
 * Return: whether that went well.
 */
bool link_xdp(int fd, const char *name, int prog, unsigned int flags)
{
	struct rtattr *nest;
	struct request r;

	begin(&r, RTM_NEWLINK, 0);
	put_name(&r, name);
	nest = put(&r, IFLA_XDP | NLA_F_NESTED, NULL, 0);
	put_number(&r, IFLA_XDP_FD, prog);
	put_number(&r, IFLA_XDP_FLAGS, flags);
	end(&r, nest);
	return ask(fd, &r);
}
