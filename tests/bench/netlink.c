// SPDX-License-Identifier: GPL-2.0-only
/* Netlink dumps, received and not looked at. */
#include <linux/genetlink.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../traffic/command.h"
#include "bench.h"
#include "netlink.h"

/* What the kernel puts into one message at most. */
#define BUFFER	(32 << 10)

static unsigned char buffer[BUFFER] __attribute__((aligned(NLMSG_ALIGNTO)));

/**
 * netlink_open() - open a netlink socket
 * @protocol: NETLINK_ROUTE or NETLINK_GENERIC
 *
 * Return: its file descriptor.
 */
int netlink_open(int protocol)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	int one = 1;

	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one,
		       sizeof(one)))
		fail_errno("netlink");
	return fd;
}

static size_t receive(int fd)
{
	ssize_t len = recv(fd, buffer, sizeof(buffer), 0);

	if (len <= 0)
		fail_errno("recv");
	return len;
}

/**
 * netlink_family() - look up a generic netlink family
 * @fd: socket
 * @name: name of the family
 *
 * Return: its number.
 */
int netlink_family(int fd, const char *name)
{
	struct {
		struct nlmsghdr nlh;
		struct genlmsghdr genl;
		struct nlattr attr;
		char name[GENL_NAMSIZ];
	} request = {
		.nlh.nlmsg_len = sizeof(request),
		.nlh.nlmsg_type = GENL_ID_CTRL,
		.nlh.nlmsg_flags = NLM_F_REQUEST,
		.genl.cmd = CTRL_CMD_GETFAMILY,
		.attr.nla_len = NLA_HDRLEN + strlen(name) + 1,
		.attr.nla_type = CTRL_ATTR_FAMILY_NAME,
	};
	const struct nlmsghdr *nlh = (void *)buffer;
	const struct nlattr *attr;

	memcpy(request.name, name, strlen(name));
	request.nlh.nlmsg_len -= GENL_NAMSIZ -
				 NLA_ALIGN(strlen(name) + 1);
	if (send(fd, &request, request.nlh.nlmsg_len, 0) < 0)
		fail_errno("send");
	receive(fd);
	if (nlh->nlmsg_type == NLMSG_ERROR)
		fail("the kernel has no family %s", name);
	attr = NLMSG_DATA(nlh) + GENL_HDRLEN;
	while (attr->nla_type != CTRL_ATTR_FAMILY_ID)
		attr = (void *)attr + NLA_ALIGN(attr->nla_len);
	return *(const uint16_t *)((void *)attr + NLA_HDRLEN);
}

/* Returns whether the dump goes on. */
static bool walk(size_t len, void (*see)(const struct nlmsghdr *, void *),
		 void *arg)
{
	const struct nlmsghdr *nlh = (void *)buffer;

	for (; NLMSG_OK(nlh, len); nlh = NLMSG_NEXT(nlh, len)) {
		if (nlh->nlmsg_type == NLMSG_DONE)
			return false;
		if (nlh->nlmsg_type == NLMSG_ERROR)
			fail("the kernel refused a dump");
		if (see)
			see(nlh, arg);
	}
	return true;
}

/**
 * netlink_dump() - send a request and receive all of its answer
 * @fd: socket
 * @request: request
 * @dump: where to put what it took
 * @see: called for each message, which spoils the measurement; or NULL
 * @arg: for @see
 */
void netlink_dump(int fd, const struct nlmsghdr *request,
		  struct netlink_dump *dump,
		  void (*see)(const struct nlmsghdr *nlh, void *arg),
		  void *arg)
{
	size_t len;

	memset(dump, 0, sizeof(*dump));
	dump->instructions = -bench_now();
	if (send(fd, request, request->nlmsg_len, 0) < 0)
		fail_errno("send");
	do {
		len = receive(fd);
		dump->calls++;
		dump->bytes += len;
	} while (walk(len, see, arg));
	dump->instructions += bench_now();
}
