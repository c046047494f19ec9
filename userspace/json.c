// SPDX-License-Identifier: GPL-2.0-only
/* JSON; the keys are the attribute names of uapi/tapdrop.yaml. */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "history.h"

/**
 * json_put_string() - add a string of any bytes
 * @object: where to
 * @key: key
 * @s: string; bytes that are no UTF-8 become \xNN, as in tables
 */
void json_put_string(struct json_object *object, const char *key,
		     const char *s)
{
	char *clean = utf8_text(s);

	json_object_object_add(object, key, json_object_new_string(clean));
	free(clean);
}

static void put_u64(struct json_object *object, const char *key, uint64_t n)
{
	json_object_object_add(object, key, json_object_new_uint64(n));
}

static struct json_object *json_counter(const struct source *src,
					const struct tapdrop_device *dev,
					const struct tapdrop_counter *c,
					const struct history *h, size_t n)
{
	const struct tapdrop_reason_info *info = reason_info(src, c->reason);
	struct json_object *object = json_object_new_object();
	double rate;

	if (c->queue >= 0)
		put_u64(object, "queue-id", c->queue);
	json_put_string(object, "dir", tapdrop_dir_name(c->dir));
	json_put_string(object, "netdev-dir",
			tapdrop_netdev_dir(dev->kind, c->dir));
	json_put_string(object, "reason", info->name);
	json_put_string(object, "skb-reason", info->skb_reason);
	json_put_string(object, "class", tapdrop_class_name(info->class_id));
	put_u64(object, "packets", c->packets);
	if (c->last_ms != TAPDROP_NEVER)
		put_u64(object, "last-ms", c->last_ms);
	if (h && h->looks > 1) {
		rate = history_rate(h, history_find(h, n, dev, c));
		json_object_object_add(object, "rate",
				       json_object_new_double(rate));
	}
	return object;
}

static struct json_object *json_counters(const struct source *src,
					 const struct tapdrop_device *dev,
					 const struct history *h, size_t n)
{
	struct json_object *array = json_object_new_array();
	const struct tapdrop_counter *c;

	tapdrop_for_each_counter(c, dev)
		json_object_array_add(array, json_counter(src, dev, c, h, n));
	return array;
}

/**
 * json_device() - a device as the interface has it
 * @src: source of the device
 * @dev: device
 * @h: history, for rates, or NULL
 * @n: index of @src in it
 *
 * Return: the object; json_object_put() frees it.
 */
struct json_object *json_device(const struct source *src,
				const struct tapdrop_device *dev,
				const struct history *h, size_t n)
{
	const struct tapdrop_link_stats *link = source_link(src, dev);
	struct json_object *object = json_object_new_object(), *sum;
	char time[40];

	if (opt.timestamp)
		json_put_string(object, "time", timestamp(time));
	if (src->netns)
		json_put_string(object, "netns", src->netns);
	put_u64(object, "ifindex", dev->ifindex);
	json_put_string(object, "ifname", dev->ifname);
	json_put_string(object, "kind", tapdrop_kind_name(dev->kind));
	put_u64(object, "queues", dev->queues);

	sum = json_object_new_object();
	put_u64(sum, "to-user", dev->lost_to_user);
	put_u64(sum, "from-user", dev->lost_from_user);
	json_object_object_add(object, "drops", sum);

	if (link) {
		sum = json_object_new_object();
		put_u64(sum, "rx-dropped", link->rx_dropped);
		put_u64(sum, "tx-dropped", link->tx_dropped);
		json_object_object_add(object, "standard", sum);
	}
	if (!opt.brief)
		json_object_object_add(object, "counters",
				       json_counters(src, dev, h, n));
	return object;
}

/**
 * json_print() - print an object on a line, or on many if asked to
 * @object: object; it is freed
 * @f: where to
 */
void json_print(struct json_object *object, FILE *f)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;

	if (opt.pretty)
		flags |= JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	fputs(json_object_to_json_string_ext(object, flags), f);
	putc('\n', f);
	json_object_put(object);
}
