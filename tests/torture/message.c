// SPDX-License-Identifier: GPL-2.0-only
/* Requests made from the spec, and then mutated. */
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/tapdrop.h>
#include <string.h>

#include "message.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof(*(a)))
#define ATTRS_MAX	8
#define DEPTH_MAX	40
#define IFINDEX_MAX	64

enum spec_type {
	SPEC_U32, SPEC_U64, SPEC_UINT, SPEC_STRING, SPEC_FLAG, SPEC_PAD, SPEC_NEST
};

struct spec_set;

/* An attribute: its id, type, highest value that makes sense if there is one,
 * and what is in it.
 */
struct spec_attr {
	uint16_t id;
	enum spec_type type;
	uint32_t max;
	const struct spec_set *nested;
};

struct spec_set {
	const struct spec_attr *attrs;
	unsigned int n;
};

/* A command: its attributes, and the ids of those that a request may have. */
struct spec_op {
	uint8_t cmd;
	const struct spec_set *set;
	uint16_t request[16];
};

#include "torture-spec.h"

struct message {
	union {
		struct nlmsghdr *nlh;
		unsigned char *data;
	};
	size_t len;
	uint16_t attr[ATTRS_MAX];	/* where attributes begin */
	unsigned int attrs;
};

static struct genlmsghdr *genl(struct message *m)
{
	return NLMSG_DATA(m->nlh);
}

static struct nlattr *put(struct message *m, uint16_t type, const void *data,
			  size_t len)
{
	struct nlattr *attr = (void *)(m->data + m->len);

	if (m->len + NLA_HDRLEN + NLA_ALIGN(len) > MESSAGE_MAX)
		return NULL;
	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	memset(attr + 1, 0, NLA_ALIGN(len));
	if (len)
		memcpy(attr + 1, data, len);
	if (m->attrs < ATTRS_MAX)
		m->attr[m->attrs++] = m->len;
	m->len += NLA_HDRLEN + NLA_ALIGN(len);
	return attr;
}

static uint32_t number(struct chance *c, uint32_t max)
{
	static const uint32_t edges[] = {
		0, 1, 255, 256, INT32_MAX, (uint32_t)INT32_MAX + 1, UINT32_MAX,
	};

	if (chance_in(c, 8))
		return edges[chance_below(c, ARRAY_SIZE(edges))];
	if (chance_in(c, 8))
		return max + chance_below(c, 2);
	return 1 + chance_below(c, max ?: IFINDEX_MAX);
}

static void put_set(struct chance *c, struct message *m,
		    const struct spec_set *set);

static void put_attr(struct chance *c, struct message *m,
		     const struct spec_attr *attr)
{
	uint64_t value = number(c, attr->max);
	static const char text[300];
	struct nlattr *nest;

	switch (attr->type) {
	case SPEC_U32:
		put(m, attr->id, &value, sizeof(uint32_t));
		break;
	case SPEC_U64:
		value |= chance_in(c, 2) ? chance_next(c) << 32 : 0;
		put(m, attr->id, &value, sizeof(value));
		break;
	case SPEC_UINT:
		put(m, attr->id, &value, chance_in(c, 2) ? 4 : 8);
		break;
	case SPEC_STRING:
		put(m, attr->id, text, chance_below(c, sizeof(text)));
		break;
	case SPEC_FLAG:
	case SPEC_PAD:
		put(m, attr->id, NULL, 0);
		break;
	case SPEC_NEST:
		nest = put(m, attr->id | NLA_F_NESTED, NULL, 0);
		if (!nest)
			return;
		put_set(c, m, attr->nested);
		nest->nla_len = m->data + m->len - (unsigned char *)nest;
		break;
	}
}

/* What belongs into a request; no id is 0. */
static void put_request(struct chance *c, struct message *m,
			const struct spec_op *op)
{
	uint16_t id;

	for (int left = chance_below(c, 5); left; left--) {
		id = op->request[chance_below(c, ARRAY_SIZE(op->request))];
		for (unsigned int i = 0; i < op->set->n; i++)
			if (op->set->attrs[i].id == id)
				put_attr(c, m, &op->set->attrs[i]);
	}
}

static void put_set(struct chance *c, struct message *m,
		    const struct spec_set *set)
{
	for (int left = chance_below(c, 5); left; left--)
		put_attr(c, m, &set->attrs[chance_below(c, set->n)]);
}

/* One that the kernel may well accept. */
static void make(struct chance *c, struct message *m, uint16_t family)
{
	/* The first is what readers ask most. */
	const struct spec_op *op = &spec_ops[chance_in(c, 4) ?
		chance_below(c, ARRAY_SIZE(spec_ops)) : 0];

	m->len = NLMSG_HDRLEN + GENL_HDRLEN;
	m->attrs = 0;
	memset(m->data, 0, m->len);
	m->nlh->nlmsg_type = family;
	m->nlh->nlmsg_flags = NLM_F_REQUEST;
	if (chance_in(c, 2))
		m->nlh->nlmsg_flags |= NLM_F_ACK;
	if (chance_in(c, 4))
		m->nlh->nlmsg_flags |= NLM_F_DUMP;
	m->nlh->nlmsg_seq = chance_next(c);
	genl(m)->cmd = op->cmd;
	genl(m)->version = TAPDROP_FAMILY_VERSION;
	if (chance_in(c, 8))
		put_set(c, m, op->set);
	else
		put_request(c, m, op);
}

static struct nlattr *any_attr(struct chance *c, struct message *m)
{
	if (!m->attrs)
		put(m, chance_below(c, 20), NULL, 0);
	return (void *)(m->data + m->attr[chance_below(c, m->attrs)]);
}

static void spoil_attr_length(struct chance *c, struct message *m)
{
	static const uint16_t lengths[] = { 0, 1, 3, 4, 5, 7, 12, 0xffff };
	struct nlattr *attr = any_attr(c, m);

	if (chance_in(c, 2))
		attr->nla_len = lengths[chance_below(c, ARRAY_SIZE(lengths))];
	else
		attr->nla_len += (int)chance_below(c, 17) - 8;
}

static void spoil_attr_flags(struct chance *c, struct message *m)
{
	any_attr(c, m)->nla_type ^= chance_in(c, 2) ? NLA_F_NESTED :
						      NLA_F_NET_BYTEORDER;
}

static void spoil_attr_type(struct chance *c, struct message *m)
{
	any_attr(c, m)->nla_type = chance_in(c, 2) ? chance_below(c, 32) :
						     chance_next(c);
}

/* Nests in nests, as deep as a message has room for. */
static void spoil_depth(struct chance *c, struct message *m)
{
	uint16_t type = NLA_F_NESTED | (TAPDROP_A_STATS_TO_USER +
					chance_below(c, 2));
	struct nlattr *nests[DEPTH_MAX];
	int depth = 1 + chance_below(c, DEPTH_MAX);

	for (int i = 0; i < depth; i++) {
		nests[i] = put(m, type, NULL, 0);
		if (!nests[i])
			depth = i;
	}
	for (int i = 0; i < depth; i++)
		nests[i]->nla_len = m->data + m->len -
				    (unsigned char *)nests[i];
}

/* The same attribute many times. */
static void spoil_repeat(struct chance *c, struct message *m)
{
	const struct spec_set *set = spec_ops[0].set;
	const struct spec_attr *attr = &set->attrs[chance_below(c, set->n)];

	for (int left = chance_below(c, 100); left; left--)
		put_attr(c, m, attr);
}

static void spoil_byte(struct chance *c, struct message *m)
{
	m->data[NLMSG_HDRLEN + chance_below(c, m->len - NLMSG_HDRLEN)] =
		chance_next(c);
}

static void spoil_end(struct chance *c, struct message *m)
{
	m->len = NLMSG_HDRLEN + chance_below(c, m->len - NLMSG_HDRLEN);
}

static void spoil_header(struct chance *c, struct message *m)
{
	switch (chance_below(c, 5)) {
	case 0:
		m->nlh->nlmsg_flags = chance_next(c);
		break;
	case 1:
		m->nlh->nlmsg_type = chance_below(c, 64);
		break;
	case 2:
		m->nlh->nlmsg_flags |= chance_next(c);
		break;
	case 3:
		genl(m)->cmd = chance_next(c);
		break;
	case 4:
		genl(m)->version = chance_next(c);
		genl(m)->reserved = chance_next(c);
		break;
	}
}

/* What the controller says of our policies is made of our tables, too. */
static void spoil_family(struct chance *c, struct message *m)
{
	uint16_t family = m->nlh->nlmsg_type;

	m->len = NLMSG_HDRLEN + GENL_HDRLEN;
	m->attrs = 0;
	m->nlh->nlmsg_type = GENL_ID_CTRL;
	m->nlh->nlmsg_flags = NLM_F_REQUEST;
	if (chance_in(c, 2))
		m->nlh->nlmsg_flags |= NLM_F_DUMP;
	genl(m)->cmd = chance_in(c, 2) ? CTRL_CMD_GETPOLICY :
					 CTRL_CMD_GETFAMILY;
	put(m, CTRL_ATTR_FAMILY_ID, &family, sizeof(family));
}

static void (*const spoils[])(struct chance *c, struct message *m) = {
	spoil_attr_length, spoil_attr_flags, spoil_attr_type, spoil_depth,
	spoil_repeat, spoil_byte, spoil_end, spoil_header, spoil_family,
};

/**
 * message_make() - make a request; three in four are mutated
 * @c: what determines it
 * @buf: where to put it, MESSAGE_MAX bytes, aligned
 * @family: number of the family
 *
 * Return: its length, aligned; its own header says the same.
 */
size_t message_make(struct chance *c, void *buf, uint16_t family)
{
	struct message m = { .data = buf };
	size_t len;

	make(c, &m, family);
	for (int left = chance_below(c, 4); left; left--) {
		spoils[chance_below(c, ARRAY_SIZE(spoils))](c, &m);
		/* So short a message has nothing more to mutate. */
		if (m.len <= NLMSG_HDRLEN)
			break;
	}
	len = NLMSG_ALIGN(m.len);
	memset(m.data + m.len, 0, len - m.len);
	m.nlh->nlmsg_len = m.len;
	return len;
}

/**
 * message_spoil_length() - let the last message of a datagram lie about its
 *	length, so that the kernel finds no other after it
 * @c: what determines how
 * @buf: the message
 */
void message_spoil_length(struct chance *c, void *buf)
{
	static const uint32_t lengths[] = {
		0, 1, NLMSG_HDRLEN - 1, NLMSG_HDRLEN, NLMSG_HDRLEN + 1,
		MESSAGE_MAX, 1 << 20, INT32_MAX, UINT32_MAX - 2, UINT32_MAX,
	};
	struct nlmsghdr *nlh = buf;

	nlh->nlmsg_len = lengths[chance_below(c, ARRAY_SIZE(lengths))];
}
