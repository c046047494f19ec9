// SPDX-License-Identifier: GPL-2.0-only
/* Sockets to the family: flooded, left in the middle of a dump, never read. */
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/tapdrop.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "actor.h"
#include "family.h"
#include "message.h"

#define RECEIVE		(32 << 10)
#define LISTENERS	16

static __thread unsigned char batch[FAMILY_BATCH * MESSAGE_MAX]
	__attribute__((aligned(NLMSG_ALIGNTO)));
static __thread unsigned char answer[RECEIVE]
	__attribute__((aligned(NLMSG_ALIGNTO)));

/* Subscribers of all actors; -1 is none. */
static int listeners[LISTENERS] = { [0 ... LISTENERS - 1] = -1 };

/**
 * family_open() - open a socket for generic netlink
 *
 * Return: its file descriptor, or -1.
 */
int family_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_GENERIC);
	int one = 1;

	if (fd >= 0) {
		setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
		setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one,
			   sizeof(one));
	}
	return fd;
}

/**
 * family_drain() - receive what is there
 * @fd: socket
 */
void family_drain(int fd)
{
	while (recv(fd, answer, sizeof(answer), MSG_DONTWAIT) > 0)
		;
}

/* Find an attribute of those at @attr, @len bytes long. */
static const struct nlattr *find(const void *attr, int len, uint16_t type)
{
	const struct nlattr *at = attr;

	for (; len >= NLA_HDRLEN && at->nla_len >= NLA_HDRLEN;
	     len -= NLA_ALIGN(at->nla_len),
	     at = (void *)at + NLA_ALIGN(at->nla_len))
		if ((at->nla_type & NLA_TYPE_MASK) == type)
			return at;
	return NULL;
}

/* Ask the controller, which loads the module. */
static const struct nlmsghdr *resolve(int fd)
{
	struct {
		struct nlmsghdr nlh;
		struct genlmsghdr genl;
		struct nlattr attr;
		char name[NLA_ALIGN(sizeof(TAPDROP_FAMILY_NAME))];
	} request = {
		{ sizeof(request), GENL_ID_CTRL, NLM_F_REQUEST },
		{ .cmd = CTRL_CMD_GETFAMILY },
		{ NLA_HDRLEN + sizeof(TAPDROP_FAMILY_NAME),
		  CTRL_ATTR_FAMILY_NAME },
		TAPDROP_FAMILY_NAME,
	};
	const struct nlmsghdr *nlh = (void *)answer;

	family_drain(fd);
	if (send(fd, &request, sizeof(request), 0) < 0 ||
	    recv(fd, answer, sizeof(answer), 0) < NLMSG_HDRLEN ||
	    nlh->nlmsg_type != GENL_ID_CTRL)
		return NULL;
	return nlh;
}

/* It is another one whenever the module is loaded again. */
static int number;

/**
 * family_resolve() - find the number of the family out
 * @fd: fresh socket
 *
 * Return: the number, or 0.
 */
int family_resolve(int fd)
{
	const struct nlmsghdr *nlh = resolve(fd);
	const struct nlattr *attr;

	attr = nlh ? find(NLMSG_DATA(nlh) + GENL_HDRLEN,
			  NLMSG_PAYLOAD(nlh, GENL_HDRLEN),
			  CTRL_ATTR_FAMILY_ID) : NULL;
	number = attr ? *(const uint16_t *)(attr + 1) : 0;
	return number;
}

/**
 * family_subscribe() - let a socket be told of devices that come and go
 * @fd: socket
 *
 * Return: whether it will.
 */
bool family_subscribe(int fd)
{
	const struct nlmsghdr *nlh = resolve(fd);
	const struct nlattr *attr;

	attr = nlh ? find(NLMSG_DATA(nlh) + GENL_HDRLEN,
			  NLMSG_PAYLOAD(nlh, GENL_HDRLEN),
			  CTRL_ATTR_MCAST_GROUPS) : NULL;
	/* The list of groups, the only group, what is said of it */
	attr = attr ? attr + 2 : NULL;
	attr = attr ? find(attr, attr[-1].nla_len - NLA_HDRLEN,
			   CTRL_ATTR_MCAST_GRP_ID) : NULL;
	return attr && !setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
				   attr + 1, sizeof(uint32_t));
}

static bool ask(int fd, int cmd, int flags, int attr, unsigned int value)
{
	struct {
		struct nlmsghdr nlh;
		struct genlmsghdr genl;
		struct nlattr attr;
		uint32_t value;
	} request = {
		{ sizeof(request), number, NLM_F_REQUEST | flags },
		{ cmd, TAPDROP_FAMILY_VERSION },
		{ NLA_HDRLEN + sizeof(uint32_t), attr },
		value,
	};

	if (!attr)
		request.nlh.nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN;
	return send(fd, &request, request.nlh.nlmsg_len, MSG_DONTWAIT) > 0;
}

/**
 * family_dump() - ask for all counters, and do not read them
 * @fd: socket
 * @queues: of each queue
 *
 * Return: whether the request could be sent.
 */
bool family_dump(int fd, bool queues)
{
	return ask(fd, TAPDROP_CMD_STATS_GET, NLM_F_DUMP,
		   TAPDROP_A_STATS_SCOPE,
		   queues ? TAPDROP_SCOPE_QUEUE : TAPDROP_SCOPE_DEVICE);
}

/**
 * family_reasons() - ask for the table of reasons, and do not read it
 * @fd: socket
 *
 * Return: whether the request could be sent.
 */
bool family_reasons(int fd)
{
	return ask(fd, TAPDROP_CMD_REASON_GET, NLM_F_DUMP, 0, 0);
}

/**
 * family_count() - how many frames from the user has a device lost, for the
 *	only reason that there was?
 * @fd: fresh socket
 * @ifindex: interface index of the device
 *
 * Return: the number, or -1 if the kernel did not say.
 */
long family_count(int fd, int ifindex)
{
	const struct nlmsghdr *nlh = (void *)answer;
	const struct nlattr *attr;

	if (!ask(fd, TAPDROP_CMD_STATS_GET, 0, TAPDROP_A_STATS_IFINDEX,
		 ifindex) ||
	    recv(fd, answer, sizeof(answer), MSG_DONTWAIT) < NLMSG_HDRLEN ||
	    nlh->nlmsg_type != number)
		return -1;
	attr = find(NLMSG_DATA(nlh) + GENL_HDRLEN,
		    NLMSG_PAYLOAD(nlh, GENL_HDRLEN), TAPDROP_A_STATS_FROM_USER);
	if (!attr)
		return 0;
	attr = find(attr + 1, attr->nla_len - NLA_HDRLEN,
		    TAPDROP_A_COUNTER_PACKETS);
	return attr ? (long)*(const uint32_t *)(attr + 1) : -1;
}

/* Send a datagram full of mutated requests. */
static bool flood(struct chance *c, struct actor *a)
{
	size_t len = 0, last = 0;
	ssize_t sent;

	if (a->netlink < 0) {
		a->netlink = family_open();
		family_resolve(a->netlink);
	}
	for (int i = 0; i < FAMILY_BATCH; i++) {
		last = len;
		len += message_make(c, batch + len, number);
	}
	if (chance_in(c, 2))
		message_spoil_length(c, batch + last);
	sent = send(a->netlink, batch, len, MSG_DONTWAIT);
	if (sent > 0)
		actor_count(&actor_messages, FAMILY_BATCH);

	/* Read all, read some, read nothing, or go. */
	switch (chance_below(c, 8)) {
	case 0:
		close(a->netlink);
		a->netlink = -1;
		break;
	case 1:
		break;
	case 2:
		recv(a->netlink, answer, sizeof(answer), MSG_DONTWAIT);
		break;
	default:
		family_drain(a->netlink);
	}
	return sent > 0;
}

/* Begin a dump, read some of it, and go. */
static bool dump_left(struct chance *c, struct actor *a)
{
	int fd = family_open(), some = 1 << 12;
	bool ok;

	(void)a;
	/* The smaller the buffer, the more there is to come. */
	if (chance_in(c, 2))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &some, sizeof(some));
	ok = family_dump(fd, !chance_in(c, 4));
	for (int left = chance_below(c, 5); left && ok; left--)
		ok = recv(fd, answer, 1 + chance_below(c, sizeof(answer)),
			  MSG_DONTWAIT) > 0;
	close(fd);
	return ok;
}

/* Subscribe, instead of another subscriber. */
static bool listen_to(struct chance *c, struct actor *a)
{
	int *slot = &listeners[chance_below(c, LISTENERS)];
	int fd = family_open(), before;
	bool ok = family_subscribe(fd);

	(void)a;
	before = __atomic_exchange_n(slot, fd, __ATOMIC_ACQ_REL);
	if (before >= 0)
		close(before);
	return ok;
}

/* Read what a subscriber was told; most of them never do. */
static bool hear(struct chance *c, struct actor *a)
{
	(void)a;
	return recv(listeners[chance_below(c, LISTENERS / 4)], answer,
		    sizeof(answer), MSG_DONTWAIT) > 0;
}

struct act family_floods[] = {
	{ "flood", flood, 1 },
	{ }
};

struct act family_watches[] = {
	{ "dump-left", dump_left, 6 },
	{ "hear", hear, 2 },
	{ "listen", listen_to, 2 },
	{ }
};
