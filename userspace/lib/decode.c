// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-3-Clause
/* What is in the messages: attributes become the structures of tapdrop.h. */
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "attr.h"
#include "decode.h"

/* Attributes behind the headers of a message. */
static int message_attrs(const struct nlmsghdr *nlh, size_t hdr_len,
			 struct tapdrop_attr *attrs)
{
	const unsigned char *data = (const unsigned char *)nlh + NLMSG_HDRLEN;
	size_t len = nlh->nlmsg_len - NLMSG_HDRLEN;

	if (len < hdr_len) {
		*attrs = tapdrop_attrs(data, 0);
		return -EBADMSG;
	}
	*attrs = tapdrop_attrs(data + hdr_len, len - hdr_len);
	return 0;
}

/**
 * tapdrop_message_cmd() - command of a generic netlink message
 * @nlh: message
 *
 * Return: the command, or -EBADMSG.
 */
int tapdrop_message_cmd(const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = NLMSG_DATA(nlh);

	if (nlh->nlmsg_len < NLMSG_HDRLEN + GENL_HDRLEN)
		return -EBADMSG;
	return genl->cmd;
}

/**
 * tapdrop_message_has() - does a message have an attribute?
 * @nlh: message
 * @type: TAPDROP_A_STATS_*
 *
 * Return: true if it has.
 */
bool tapdrop_message_has(const struct nlmsghdr *nlh, int type)
{
	struct tapdrop_attr attr;

	if (message_attrs(nlh, GENL_HDRLEN, &attr))
		return false;
	while (tapdrop_attr_next(&attr) > 0) {
		if (attr.type == type)
			return true;
	}
	return false;
}

static int decode_counter(struct tapdrop_attr nest, struct tapdrop_counter *c)
{
	int err;

	while ((err = tapdrop_attr_next(&nest)) > 0) {
		switch (nest.type) {
		case TAPDROP_A_COUNTER_REASON:
			err = tapdrop_attr_u32(&nest, &c->reason);
			break;
		case TAPDROP_A_COUNTER_PACKETS:
			err = tapdrop_attr_uint(&nest, &c->packets);
			break;
		case TAPDROP_A_COUNTER_LAST_MS:
			err = tapdrop_attr_uint(&nest, &c->last_ms);
			break;
		}
		if (err < 0)
			return err;
	}
	return err;
}

static bool wanted(const struct tapdrop_filter *f,
		   const struct tapdrop_counter *c)
{
	if (!c->packets && !f->zeros)
		return false;
	if (f->dir && c->dir != f->dir)
		return false;
	if (f->reasons &&
	    (c->reason > 63 || !(f->reasons & 1ULL << c->reason)))
		return false;
	if (f->no_queue && c->queue != TAPDROP_NO_QUEUE)
		return false;
	return !f->has_queue || c->queue == (int32_t)f->queue ||
	       c->queue == TAPDROP_ALL_QUEUES;
}

/* What a message says beside its counters. */
struct head {
	uint32_t ifindex;
	uint32_t kind;
	uint32_t queues;
	uint32_t coverage;
	bool from_creation;
	uint64_t since_ms;
	uint64_t cursor;
	uint32_t generation;
	int32_t queue;
	char ifname[TAPDROP_IFNAMSIZ];
	const char *ifalias;
};

static int decode_head(struct tapdrop_attr attr, struct head *head)
{
	uint32_t queue;
	int err;

	while ((err = tapdrop_attr_next(&attr)) > 0) {
		switch (attr.type) {
		case TAPDROP_A_STATS_IFINDEX:
			err = tapdrop_attr_u32(&attr, &head->ifindex);
			break;
		case TAPDROP_A_STATS_IFNAME:
			if (!attr.len || attr.len > sizeof(head->ifname) ||
			    !tapdrop_attr_str(&attr))
				return -EBADMSG;
			memcpy(head->ifname, attr.data, attr.len);
			break;
		case TAPDROP_A_STATS_KIND:
			err = tapdrop_attr_u32(&attr, &head->kind);
			break;
		case TAPDROP_A_STATS_QUEUES:
			err = tapdrop_attr_u32(&attr, &head->queues);
			break;
		case TAPDROP_A_STATS_COVERAGE:
			err = tapdrop_attr_u32(&attr, &head->coverage);
			break;
		case TAPDROP_A_STATS_SINCE_MS:
			err = tapdrop_attr_uint(&attr, &head->since_ms);
			break;
		case TAPDROP_A_STATS_CURSOR:
			err = tapdrop_attr_uint(&attr, &head->cursor);
			break;
		case TAPDROP_A_STATS_GENERATION:
			err = tapdrop_attr_u32(&attr, &head->generation);
			break;
		case TAPDROP_A_STATS_FROM_CREATION:
			head->from_creation = true;
			err = 0;
			break;
		case TAPDROP_A_STATS_IFALIAS:
			head->ifalias = tapdrop_attr_str(&attr);
			err = head->ifalias ? 0 : -EBADMSG;
			break;
		case TAPDROP_A_STATS_QUEUE_ID:
			err = tapdrop_attr_u32(&attr, &queue);
			if (!err && queue > INT32_MAX)
				return -EBADMSG;
			head->queue = queue;
			break;
		}
		if (err < 0)
			return err;
	}
	return err;
}

/*
 * Messages of one device follow each other. The one without queue-id names the
 * device. It comes first in a dump, and last in the event of a device that has
 * gone.
 */
static int add_head(struct tapdrop_stats *stats, const struct head *head)
{
	struct tapdrop_device *dev = NULL;

	if (stats->n_devices)
		dev = &stats->devices[stats->n_devices - 1];
	if (!dev || dev->ifindex != head->ifindex)
		dev = tapdrop_stats_add_device(stats);
	if (!dev)
		return -ENOMEM;

	dev->ifindex = head->ifindex;
	if (head->queue >= 0)
		return 0;
	dev->kind = head->kind;
	dev->queues = head->queues;
	dev->coverage = head->coverage;
	dev->from_creation = head->from_creation ||
			     head->coverage == TAPDROP_COVERAGE_DRIVER;
	dev->since_ms = head->since_ms;
	memcpy(dev->ifname, head->ifname, sizeof(dev->ifname));
	return tapdrop_stats_set_alias(stats, dev, head->ifalias);
}

static int add_counter(const struct tapdrop_stats_sink *sink,
		       const struct tapdrop_attr *nest, int32_t queue)
{
	struct tapdrop_counter c = {
		.dir = nest->type == TAPDROP_A_STATS_TO_USER ?
		       TAPDROP_DIR_TO_USER : TAPDROP_DIR_FROM_USER,
		.queue = queue,
		.last_ms = TAPDROP_NEVER,
	};
	struct tapdrop_counter *new;
	int err;

	err = decode_counter(tapdrop_attrs(nest->data, nest->len), &c);
	if (err || !wanted(sink->filter, &c))
		return err;
	new = tapdrop_stats_add_counter(sink->stats);
	if (!new)
		return -ENOMEM;
	*new = c;
	return 0;
}

/* The last message has the cursor, and perhaps nothing of the orphans. */
static bool has_counters(struct tapdrop_attr attr)
{
	while (tapdrop_attr_next(&attr) > 0) {
		if (attr.type == TAPDROP_A_STATS_TO_USER ||
		    attr.type == TAPDROP_A_STATS_FROM_USER)
			return true;
	}
	return false;
}

/**
 * tapdrop_decode_stats() - add a message of stats-get to an answer
 * @nlh: message
 * @arg: &struct tapdrop_stats_sink
 *
 * Return: 0, -EBADMSG or -ENOMEM.
 */
int tapdrop_decode_stats(const struct nlmsghdr *nlh, void *arg)
{
	const struct tapdrop_stats_sink *sink = arg;
	const struct tapdrop_filter *filter = sink->filter;
	/* A module that does not say has only devices that are counted. */
	struct head head = {
		.queue = TAPDROP_NO_QUEUE,
		.coverage = TAPDROP_COVERAGE_DRIVER,
		.since_ms = TAPDROP_NEVER,
	};
	struct tapdrop_attr attr;
	int err;

	err = message_attrs(nlh, GENL_HDRLEN, &attr);
	if (!err)
		err = decode_head(attr, &head);
	if (err)
		return err;
	if (head.cursor) {
		sink->stats->cursor = head.cursor;
		sink->stats->generation = head.generation;
	}
	if (head.cursor && !head.ifindex && !has_counters(attr))
		return 0;
	if (filter->ifindex && filter->ifindex != head.ifindex)
		return 0;
	if (filter->scope == TAPDROP_SCOPE_DEVICE && head.queue < 0)
		head.queue = TAPDROP_ALL_QUEUES;

	err = add_head(sink->stats, &head);
	while (!err && tapdrop_attr_next(&attr) > 0) {
		if (attr.type == TAPDROP_A_STATS_TO_USER ||
		    attr.type == TAPDROP_A_STATS_FROM_USER)
			err = add_counter(sink, &attr, head.queue);
	}
	return err;
}

/* A buffer holds all strings. They are offsets as long as it may still move. */
static int add_string(struct tapdrop_buf *strings,
		      const struct tapdrop_attr *attr, const char **string)
{
	const char *s = tapdrop_attr_str(attr);

	if (!s)
		return -EBADMSG;
	*string = (const char *)(uintptr_t)strings->len;
	return tapdrop_buf_add(strings, s, strlen(s) + 1);
}

/**
 * tapdrop_decode_reason() - add a message of reason-get to a table
 * @nlh: message
 * @arg: &struct tapdrop_reason_sink
 *
 * Return: 0, -EBADMSG or -ENOMEM.
 */
int tapdrop_decode_reason(const struct nlmsghdr *nlh, void *arg)
{
	struct tapdrop_reason_sink *sink = arg;
	struct tapdrop_reason_info info = {};
	struct tapdrop_attr attr;
	int err;

	err = message_attrs(nlh, GENL_HDRLEN, &attr);
	while (!err && (err = tapdrop_attr_next(&attr)) > 0) {
		switch (attr.type) {
		case TAPDROP_A_REASON_ID:
			err = tapdrop_attr_u32(&attr, &info.id);
			break;
		case TAPDROP_A_REASON_CLASS:
			err = tapdrop_attr_u32(&attr, &info.class_id);
			break;
		case TAPDROP_A_REASON_NAME:
			err = add_string(&sink->strings, &attr, &info.name);
			break;
		case TAPDROP_A_REASON_SKB_REASON:
			err = add_string(&sink->strings, &attr,
					 &info.skb_reason);
			break;
		case TAPDROP_A_REASON_MEANING:
			err = add_string(&sink->strings, &attr, &info.meaning);
			break;
		default:
			err = 0;
		}
	}
	if (err)
		return err;
	return tapdrop_buf_add(&sink->infos, &info, sizeof(info));
}

static int decode_group(struct tapdrop_attr attr, uint32_t *group)
{
	const char *name = "";
	uint32_t id = 0;

	while (tapdrop_attr_next(&attr) > 0) {
		if (attr.type == CTRL_ATTR_MCAST_GRP_NAME)
			name = tapdrop_attr_str(&attr);
		else if (attr.type == CTRL_ATTR_MCAST_GRP_ID &&
			 tapdrop_attr_u32(&attr, &id))
			return -EBADMSG;
		if (!name)
			return -EBADMSG;
	}
	if (!strcmp(name, TAPDROP_MCGRP_DEVICES))
		*group = id;
	return 0;
}

static int decode_groups(struct tapdrop_attr groups, uint32_t *group)
{
	int err = 0;

	while (!err && tapdrop_attr_next(&groups) > 0)
		err = decode_group(tapdrop_attrs(groups.data, groups.len),
				   group);
	return err;
}

/**
 * tapdrop_decode_family() - take the ids of our family from its description
 * @nlh: message of the generic netlink controller; one of another family is
 *	ignored
 * @arg: handle
 *
 * Return: 0 or -EBADMSG.
 */
int tapdrop_decode_family(const struct nlmsghdr *nlh, void *arg)
{
	struct tapdrop *td = arg;
	struct tapdrop_attr attr;
	const char *name = NULL;
	uint32_t group = 0;
	uint16_t id = 0;
	int err;

	err = message_attrs(nlh, GENL_HDRLEN, &attr);
	while (!err && (err = tapdrop_attr_next(&attr)) > 0) {
		err = 0;
		if (attr.type == CTRL_ATTR_FAMILY_ID && attr.len == sizeof(id))
			memcpy(&id, attr.data, sizeof(id));
		else if (attr.type == CTRL_ATTR_FAMILY_NAME)
			name = tapdrop_attr_str(&attr);
		else if (attr.type == CTRL_ATTR_MCAST_GROUPS)
			err = decode_groups(tapdrop_attrs(attr.data, attr.len),
					    &group);
	}
	if (err || !name || strcmp(name, TAPDROP_FAMILY_NAME))
		return err;
	td->family = id;
	td->group = group;
	return 0;
}

/**
 * tapdrop_decode_link_stats() - add a message of RTM_GETSTATS to an array
 * @nlh: message
 * @arg: &struct tapdrop_buf of &struct tapdrop_link_stats
 *
 * Return: 0, -EBADMSG or -ENOMEM.
 */
int tapdrop_decode_link_stats(const struct nlmsghdr *nlh, void *arg)
{
	const struct if_stats_msg *ifsm = NLMSG_DATA(nlh);
	struct tapdrop_link_stats stats = {};
	struct rtnl_link_stats64 link = {};
	struct tapdrop_attr attr;
	int err;

	err = message_attrs(nlh, NLMSG_ALIGN(sizeof(*ifsm)), &attr);
	while (!err && (err = tapdrop_attr_next(&attr)) > 0) {
		err = 0;
		if (attr.type == IFLA_STATS_LINK_64)
			memcpy(&link, attr.data, attr.len < sizeof(link) ?
			       attr.len : sizeof(link));
	}
	if (err)
		return err;

	stats.ifindex = ifsm->ifindex;
	stats.rx_dropped = link.rx_dropped;
	stats.tx_dropped = link.tx_dropped;
	stats.rx_packets = link.rx_packets;
	stats.tx_packets = link.tx_packets;
	return tapdrop_buf_add(arg, &stats, sizeof(stats));
}

static bool is_our_kind(const struct tapdrop_attr *attr)
{
	const char *kind = tapdrop_attr_str(attr);

	return kind && (!strcmp(kind, "tun") || !strcmp(kind, "macvtap") ||
			!strcmp(kind, "ipvtap"));
}

static int decode_link_info(struct tapdrop_attr info, size_t *n)
{
	int err;

	while ((err = tapdrop_attr_next(&info)) > 0) {
		if (info.type == IFLA_INFO_KIND && is_our_kind(&info))
			(*n)++;
	}
	return err;
}

/**
 * tapdrop_decode_link() - count a message of RTM_GETLINK if it is of our kinds
 * @nlh: message
 * @arg: number of them so far, a size_t
 *
 * Return: 0 or -EBADMSG.
 */
int tapdrop_decode_link(const struct nlmsghdr *nlh, void *arg)
{
	struct tapdrop_attr attr;
	int err;

	err = message_attrs(nlh, NLMSG_ALIGN(sizeof(struct ifinfomsg)), &attr);
	while (!err && (err = tapdrop_attr_next(&attr)) > 0) {
		err = 0;
		if (attr.type == IFLA_LINKINFO)
			err = decode_link_info(tapdrop_attrs(attr.data,
							     attr.len), arg);
	}
	return err;
}

/**
 * tapdrop_decode_belongs() - add a message of RTM_GETLINK to an array
 * @nlh: message
 * @arg: &struct tapdrop_buf of &struct tapdrop_link
 *
 * Return: 0, -EBADMSG or -ENOMEM.
 */
int tapdrop_decode_belongs(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifinfomsg *ifi = NLMSG_DATA(nlh);
	struct tapdrop_link link = {};
	struct tapdrop_attr attr;
	int err;

	err = message_attrs(nlh, NLMSG_ALIGN(sizeof(*ifi)), &attr);
	while (!err && (err = tapdrop_attr_next(&attr)) > 0) {
		err = 0;
		if (attr.type == IFLA_MASTER)
			err = tapdrop_attr_u32(&attr, &link.master);
		else if (attr.type == IFLA_GROUP)
			err = tapdrop_attr_u32(&attr, &link.group);
	}
	if (err)
		return err;

	link.ifindex = ifi->ifi_index;
	link.flags = ifi->ifi_flags;
	return tapdrop_buf_add(arg, &link, sizeof(link));
}
