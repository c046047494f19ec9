// SPDX-License-Identifier: GPL-2.0-only
/* What is asked of the kernel: our counters, and those of rtnetlink. */
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/tapdrop.h>
#include <string.h>
#include <sys/socket.h>

#include "../traffic/command.h"
#include "question.h"

static void add(struct question *q, const void *data, size_t len)
{
	size_t used = q->nlh.nlmsg_len - NLMSG_HDRLEN;

	if (len > sizeof(q->body) - used)
		fail("a question is too long");
	memcpy(q->body + used, data, len);
	q->nlh.nlmsg_len += len;
}

static void add_attr(struct question *q, uint16_t type, const void *data,
		     size_t len)
{
	const struct nlattr nla = { NLA_HDRLEN + len, type };

	add(q, &nla, sizeof(nla));
	add(q, data, len);
}

static void build(struct question *q, const char *who, int protocol, int type,
		  const void *head, size_t len)
{
	memset(q, 0, sizeof(*q));
	q->who = who;
	q->genetlink = protocol == NETLINK_GENERIC;
	q->fd = netlink_open(protocol);
	q->nlh.nlmsg_type = type ?: netlink_family(q->fd, TAPDROP_FAMILY_NAME);
	q->nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	q->nlh.nlmsg_len = NLMSG_HDRLEN;
	add(q, head, len);
}

/**
 * question_getlink() - ask as "ip -s link" does
 * @q: where to put it
 */
void question_getlink(struct question *q)
{
	const struct ifinfomsg head = { .ifi_family = AF_UNSPEC };
	const uint32_t mask = RTEXT_FILTER_VF;

	build(q, "getlink", NETLINK_ROUTE, RTM_GETLINK, &head, sizeof(head));
	add_attr(q, IFLA_EXT_MASK, &mask, sizeof(mask));
}

/**
 * question_getstats() - ask for the least that rtnetlink can be asked for
 * @q: where to put it
 */
void question_getstats(struct question *q)
{
	const struct if_stats_msg head = {
		.filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64),
	};

	build(q, "getstats", NETLINK_ROUTE, RTM_GETSTATS, &head, sizeof(head));
}

/**
 * question_tapdrop() - ask for our counters
 * @q: where to put it
 * @who: what to call it
 * @scope: enum tapdrop_scope
 */
void question_tapdrop(struct question *q, const char *who, uint32_t scope)
{
	const struct genlmsghdr head = {
		.cmd = TAPDROP_CMD_STATS_GET,
		.version = TAPDROP_FAMILY_VERSION,
	};

	build(q, who, NETLINK_GENERIC, 0, &head, sizeof(head));
	add_attr(q, TAPDROP_A_STATS_SCOPE, &scope, sizeof(scope));
}

/**
 * question_zeros() - ask for those that are zero as well
 * @q: question
 */
void question_zeros(struct question *q)
{
	add_attr(q, TAPDROP_A_STATS_ZEROS, "", 0);
}

/**
 * question_since() - ask for those that changed, of each queue
 * @q: where to put it
 * @cursor: since when
 */
void question_since(struct question *q, uint64_t cursor)
{
	question_tapdrop(q, "changed", TAPDROP_SCOPE_QUEUE);
	add_attr(q, TAPDROP_A_STATS_CURSOR, &cursor, sizeof(cursor));
}

/**
 * question_ask() - ask, and receive all of the answer
 * @q: question
 * @dump: where to put what it took
 * @see: called for each message, which spoils the measurement; or NULL
 * @arg: for @see
 */
void question_ask(const struct question *q, struct netlink_dump *dump,
		  void (*see)(const struct nlmsghdr *nlh, void *arg),
		  void *arg)
{
	netlink_dump(q->fd, &q->nlh, dump, see, arg);
}

/**
 * counters_add() - look at a message of the answer
 * @nlh: message
 * @arg: &struct counters, to which it is added
 */
void counters_add(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr = NLMSG_DATA(nlh) + GENL_HDRLEN;
	const void *end = (const void *)nlh + nlh->nlmsg_len;
	struct counters *counters = arg;
	int type;

	while ((const void *)attr < end) {
		type = attr->nla_type & NLA_TYPE_MASK;
		if (type == TAPDROP_A_STATS_TO_USER ||
		    type == TAPDROP_A_STATS_FROM_USER) {
			counters->number++;
			counters->bytes += NLA_ALIGN(attr->nla_len);
		} else if (type == TAPDROP_A_STATS_CURSOR) {
			memcpy(&counters->cursor, attr + 1, sizeof(uint64_t));
		}
		attr = (const void *)attr + NLA_ALIGN(attr->nla_len);
	}
}
