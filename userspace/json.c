// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON; the keys are the attribute names of uapi/tapdrop.yaml. It is written
 * as it goes: to build a tree first, as json-c does, costs three times as much
 * as all the rest of a dump.
 */
#include <string.h>

#include "json.h"

static void indent(const struct json *j)
{
	if (j->pretty && j->depth)
		fprintf(j->f, "\n%*s", 2 * j->depth, "");
}

static void put_escaped(FILE *f, const char *s)
{
	size_t n;

	for (; *s; s += n) {
		n = utf8_len(s);
		if (*s == '"' || *s == '\\')
			fprintf(f, "\\%c", *s);
		else if (*s >= 0 && *s < ' ')
			fprintf(f, "\\u%04x", *s);
		else if (n)
			fwrite_unlocked(s, 1, n, f);
		else
			fprintf(f, "\\\\x%02x", (unsigned char)*s);
		n = n ? n : 1;
	}
}

/* Most strings are as they are. */
static size_t plain_len(const char *s)
{
	const char *p = s;

	while (*p >= ' ' && *p <= '~' && *p != '"' && *p != '\\')
		p++;
	return p - s;
}

static void put_string(FILE *f, const char *s)
{
	size_t n = plain_len(s);

	putc_unlocked('"', f);
	fwrite_unlocked(s, 1, n, f);
	put_escaped(f, s + n);
	putc_unlocked('"', f);
}

/* What stands in front of every value. */
static void next(struct json *j, const char *key)
{
	if (j->more)
		putc_unlocked(',', j->f);
	j->more = true;
	indent(j);
	if (!key)
		return;
	put_string(j->f, key);
	fputs_unlocked(j->pretty ? ": " : ":", j->f);
}

/**
 * json_open() - begin an object or an array
 * @j: text
 * @key: its key, or NULL
 * @bracket: '{' or '['
 */
void json_open(struct json *j, const char *key, char bracket)
{
	next(j, key);
	putc_unlocked(bracket, j->f);
	j->depth++;
	j->more = false;
}

/**
 * json_close() - end the innermost object or array
 * @j: text; it ends with a new line when the outermost one does
 * @bracket: '}' or ']'
 */
void json_close(struct json *j, char bracket)
{
	bool empty = !j->more;

	j->depth--;
	j->more = true;
	if (!empty) {
		indent(j);
		if (j->pretty && !j->depth)
			putc_unlocked('\n', j->f);
	}
	putc_unlocked(bracket, j->f);
	if (!j->depth)
		putc_unlocked('\n', j->f);
}

/**
 * json_string() - add a string
 * @j: text
 * @key: its key, or NULL
 * @s: string of any bytes; those that are no UTF-8 become \xNN, as in tables
 */
void json_string(struct json *j, const char *key, const char *s)
{
	next(j, key);
	put_string(j->f, s);
}

/**
 * json_number() - add a whole number
 * @j: text
 * @key: its key, or NULL
 * @n: number
 */
void json_number(struct json *j, const char *key, uint64_t n)
{
	char buf[20], *start = put_number(buf + sizeof(buf), n);

	next(j, key);
	fwrite_unlocked(start, 1, buf + sizeof(buf) - start, j->f);
}

/**
 * json_fraction() - add a number with three decimals
 * @j: text
 * @key: its key, or NULL
 * @n: number
 */
void json_fraction(struct json *j, const char *key, double n)
{
	next(j, key);
	fprintf(j->f, "%.3f", n);
}

static void put_counter(struct json *j, const struct source *src,
			const struct tapdrop_device *dev,
			const struct tapdrop_counter *c)
{
	const struct tapdrop_reason_info *info = reason_info(src, c->reason);

	if (c->queue >= 0)
		json_number(j, "queue-id", c->queue);
	json_string(j, "dir", tapdrop_dir_name(c->dir));
	json_string(j, "netdev-dir", tapdrop_netdev_dir(dev->kind, c->dir));
	json_string(j, "reason", info->name);
	json_string(j, "skb-reason", info->skb_reason);
	json_string(j, "class", tapdrop_class_name(info->class_id));
	json_number(j, "packets", c->packets);
	if (c->last_ms != TAPDROP_NEVER)
		json_number(j, "last-ms", c->last_ms);
}

static void put_head(struct json *j, const struct source *src,
		     const struct tapdrop_device *dev)
{
	char time[40];

	if (opt.timestamp)
		json_string(j, "time", timestamp(time));
	if (src->netns)
		json_string(j, "netns", src->netns);
	json_number(j, "ifindex", dev->ifindex);
	json_string(j, "ifname", dev->ifname);
	json_string(j, "kind", tapdrop_kind_name(dev->kind));
	json_number(j, "queues", dev->queues);
}

static void put_sums(struct json *j, const struct source *src,
		     const struct tapdrop_device *dev)
{
	const struct tapdrop_link_stats *link = source_link(src, dev);

	json_open(j, "drops", '{');
	json_number(j, "to-user", dev->lost_to_user);
	json_number(j, "from-user", dev->lost_from_user);
	json_close(j, '}');
	if (!link)
		return;
	json_open(j, "standard", '{');
	json_number(j, "rx-dropped", link->rx_dropped);
	json_number(j, "tx-dropped", link->tx_dropped);
	json_close(j, '}');
}

/**
 * json_device() - add a device, as the interface has it
 * @j: text
 * @key: its key, or NULL
 * @src: source of the device
 * @dev: device
 * @h: history, for rates, or NULL
 * @n: index of @src in it
 */
void json_device(struct json *j, const char *key, const struct source *src,
		 const struct tapdrop_device *dev, const struct history *h,
		 size_t n)
{
	const struct tapdrop_counter *c;
	const struct row *row;

	json_open(j, key, '{');
	put_head(j, src, dev);
	put_sums(j, src, dev);
	if (!opt.brief) {
		json_open(j, "counters", '[');
		tapdrop_for_each_counter(c, dev) {
			json_open(j, NULL, '{');
			put_counter(j, src, dev, c);
			if (h && h->looks > 1) {
				row = history_find(h, n, dev, c);
				json_fraction(j, "rate", history_rate(h, row));
			}
			json_close(j, '}');
		}
		json_close(j, ']');
	}
	json_close(j, '}');
}
