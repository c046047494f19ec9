// SPDX-License-Identifier: GPL-2.0-only
/* Devices as JSON; the keys are the attribute names of uapi/tapdrop.yaml. */
#include "compare.h"
#include "device_json.h"
#include "holder_text.h"
#include "options.h"
#include "place.h"
#include "reason.h"
#include "text.h"

static struct json *put_counter(struct json *to, const struct source *src,
				const struct tapdrop_device *dev,
				const struct tapdrop_counter *c)
{
	const struct tapdrop_reason_info *info = reason_info(src, c->reason);
	struct json *o = json_add(to, NULL, json_object());

	if (c->queue >= 0)
		json_add(o, "queue-id", json_number(c->queue));
	json_add(o, "dir", json_text(tapdrop_dir_name(c->dir)));
	json_add(o, "netdev-dir",
		 json_text(tapdrop_netdev_dir(dev->kind, c->dir)));
	json_add(o, "reason", json_text(info->name));
	json_add(o, "skb-reason", json_text(info->skb_reason));
	json_add(o, "class", json_text(tapdrop_class_name(info->class_id)));
	json_add(o, "packets", json_number(c->packets));
	if (c->last_ms != TAPDROP_NEVER)
		json_add(o, "last-ms", json_number(c->last_ms));
	return o;
}

static void put_head(struct json *o, const struct source *src,
		     const struct tapdrop_device *dev)
{
	char time[40];

	if (opt.timestamp)
		json_add(o, "time", json_text(timestamp(time)));
	if (src->netns)
		json_add(o, "netns", json_text(src->netns));
	json_add(o, "ifindex", json_number(dev->ifindex));
	json_add(o, "ifname", json_text(dev->ifname));
	json_add(o, "kind", json_text(tapdrop_kind_name(dev->kind)));
	if (is_counted(dev))
		json_add(o, "queues", json_number(dev->queues));
	if (!dev->ifindex)
		return;
	json_add(o, "coverage", json_text(tapdrop_coverage_name(dev->coverage)));
	if (dev->since_ms != TAPDROP_NEVER)
		json_add(o, "since-ms", json_number(dev->since_ms));
	if (dev->coverage == TAPDROP_COVERAGE_ATTACHED)
		json_add(o, "from-creation", json_bool(dev->from_creation));
}

/* All frames of each direction, and which part of them was lost. */
static void put_ratios(struct json *o, const struct source *src,
		       const struct tapdrop_device *dev)
{
	struct json *all = json_add(o, "offered", json_object()), *ratio;
	uint64_t to_user, from_user;
	bool to = offered(src, dev, TAPDROP_DIR_TO_USER, &to_user);
	bool from = offered(src, dev, TAPDROP_DIR_FROM_USER, &from_user);

	if (to)
		json_add(all, "to-user", json_number(to_user));
	if (from)
		json_add(all, "from-user", json_number(from_user));
	ratio = json_add(o, "loss-ratio", json_object());
	if (to && to_user)
		json_add(ratio, "to-user",
			 json_double((double)dev->lost_to_user / to_user));
	if (from && from_user)
		json_add(ratio, "from-user",
			 json_double((double)dev->lost_from_user / from_user));
}

static void put_sums(struct json *o, const struct source *src,
		     const struct tapdrop_device *dev)
{
	const struct tapdrop_link_stats *link = source_link(src, dev);
	struct json *sums;

	if (has_numbers(dev)) {
		sums = json_add(o, "drops", json_object());
		json_add(sums, "to-user",
			 json_number(dev->lost_to_user));
		json_add(sums, "from-user",
			 json_number(dev->lost_from_user));
	}
	if (!link)
		return;
	sums = json_add(o, "standard", json_object());
	json_add(sums, "rx-dropped", json_number(link->rx_dropped));
	json_add(sums, "tx-dropped", json_number(link->tx_dropped));
	json_add(sums, "rx-packets", json_number(link->rx_packets));
	json_add(sums, "tx-packets", json_number(link->tx_packets));
	if (dev->kind && is_counted(dev))
		put_ratios(o, src, dev);
}

static void put_counters(struct json *o, const struct source *src,
			 const struct tapdrop_device *dev,
			 const struct history *h, size_t n)
{
	struct json *list = json_add(o, "counters", json_array());
	const struct tapdrop_counter *c;
	struct json *item;
	const struct row *row;

	tapdrop_for_each_counter(c, dev) {
		item = put_counter(list, src, dev, c);
		row = h ? history_find(h, n, dev, c) : NULL;
		if (row && history_knows(h, row))
			json_add(item, "rate", json_fraction(history_rate(h, row)));
	}
}

/**
 * json_device() - add a device, as the interface has it
 * @to: object or array that takes it
 * @key: its key, or NULL in an array
 * @src: source of the device
 * @dev: device
 * @h: history, for rates, or NULL
 * @n: index of @src in it
 *
 * Return: the device.
 */
struct json *json_device(struct json *to, const char *key,
			 const struct source *src,
			 const struct tapdrop_device *dev,
			 const struct history *h, size_t n)
{
	struct json *o = json_add(to, key, json_object());

	put_head(o, src, dev);
	put_sums(o, src, dev);
	json_holders(o, src, dev);
	if (!opt.brief && has_numbers(dev))
		put_counters(o, src, dev, h, n);
	return o;
}
