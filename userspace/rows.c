// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters as rows of a table: a sum for each direction, then its counters; and
 * as a line of words and values.
 */
#include <stdio.h>
#include <string.h>

#include "compare.h"
#include "place.h"
#include "reason.h"
#include "rows.h"
#include "text.h"
#include "xalloc.h"

/* Frames that were lost this recently are still being lost. */
#define RECENT_MS	5000

static const struct column columns[] = {
	{ .name = "DEVICE" },
	{ .name = "KIND" },
	{ .name = "QUEUE", .right = true },
	{ .name = "DIRECTION" },
	{ .name = "REASON" },
	{ .name = "PACKETS", .right = true },
	{ .name = "LAST" },
};

static const struct column ratio_columns[] = {
	{ .name = "DEVICE" },
	{ .name = "KIND" },
	{ .name = "QUEUE", .right = true },
	{ .name = "DIRECTION" },
	{ .name = "REASON" },
	{ .name = "PACKETS", .right = true },
	{ .name = "LOSS", .right = true },
	{ .name = "LAST" },
};

/**
 * counter_table_new() - make a table for table_counters()
 * @ratio: with a column for the share of all frames
 *
 * Return: the table.
 */
struct table *counter_table_new(bool ratio)
{
	return ratio ? table_new(ratio_columns, ARRAY_SIZE(ratio_columns)) :
		       table_new(columns, ARRAY_SIZE(columns));
}

/**
 * table_ratio() - add which part of a direction's frames was lost
 * @t: table
 * @style: how it looks
 * @src: source of the device
 * @dev: device, with all of its losses
 * @dir: direction
 * @packets: number of lost frames
 */
void table_ratio(struct table *t, enum style style, const struct source *src,
		 const struct tapdrop_device *dev, uint32_t dir,
		 uint64_t packets)
{
	uint64_t frames;
	char buf[16];

	if (!offered(src, dev, dir, &frames))
		frames = 0;
	table_text(t, style, percentage(buf, packets, frames));
}

static bool has_ratio(const struct table *t)
{
	return table_columns(t) == ARRAY_SIZE(ratio_columns);
}

static bool is_loss(const struct source *src, const struct tapdrop_counter *c)
{
	return reason_info(src, c->reason)->class_id == TAPDROP_CLASS_LOSS;
}

/**
 * last_loss() - time since a device last lost a frame
 * @src: source of the device
 * @dev: device
 * @dir: direction, or 0 for both
 *
 * Return: milliseconds, or %TAPDROP_NEVER.
 */
uint64_t last_loss(const struct source *src, const struct tapdrop_device *dev,
		   uint32_t dir)
{
	const struct tapdrop_counter *c;
	uint64_t ms = TAPDROP_NEVER;

	tapdrop_for_each_counter(c, dev) {
		if ((!dir || c->dir == dir) && c->last_ms < ms &&
		    is_loss(src, c))
			ms = c->last_ms;
	}
	return ms;
}

/**
 * table_device() - add name and kind of a device
 * @t: table
 * @src: source of the device
 * @dev: device
 */
void table_device(struct table *t, const struct source *src,
		  const struct tapdrop_device *dev)
{
	char name[DEVICE_NAME];

	table_text(t, STYLE_BOLD, device_name(name, src, dev));
	table_text(t, STYLE_NONE, dev->ifindex ? tapdrop_kind_name(dev->kind) :
						 "-");
}

/**
 * table_last() - add how long ago a device last lost a frame
 * @t: table
 * @style: how it looks if it is long ago
 * @dev: device; if it is counted later, nobody knows that it never did
 * @ms: milliseconds, or %TAPDROP_NEVER
 */
void table_last(struct table *t, enum style style,
		const struct tapdrop_device *dev, uint64_t ms)
{
	char buf[32];

	if (ms == TAPDROP_NEVER && is_counted_later(dev))
		table_text(t, style, "-");
	else
		table_text(t, ms < RECENT_MS ? STYLE_RED : style, age(buf, ms));
}

static void put_queues(struct table *t, const struct tapdrop_device *dev)
{
	char buf[32], *words = buf + 20;

	strcpy(words, dev->queues == 1 ? " queue" : " queues");
	table_text(t, STYLE_NONE,
		   dev->ifindex ? put_number(words, dev->queues) : "-");
}

/**
 * table_dir() - add a direction
 * @t: table
 * @style: how it looks
 * @dev: device; its own word for it flips between tun and macvtap
 * @dir: direction
 */
void table_dir(struct table *t, enum style style,
	       const struct tapdrop_device *dev, uint32_t dir)
{
	static const char * const labels[][2] = {
		{ "to-user",		"from-user" },
		{ "to-user (rx)",	"from-user (rx)" },
		{ "to-user (tx)",	"from-user (tx)" },
	};
	const char *netdev = tapdrop_netdev_dir(dev->kind, dir);

	table_text(t, style, labels[!*netdev ? 0 : *netdev == 'r' ? 1 : 2]
				   [dir == TAPDROP_DIR_FROM_USER]);
}

static void put_total(struct table *t, const struct source *src,
		      const struct tapdrop_device *dev, uint32_t dir)
{
	uint64_t packets = dir == TAPDROP_DIR_TO_USER ? dev->lost_to_user :
							dev->lost_from_user;

	table_device(t, src, dev);
	put_queues(t, dev);
	table_dir(t, STYLE_BOLD, dev, dir);
	table_text(t, STYLE_BOLD, "total");
	table_number(t, STYLE_BOLD, packets);
	if (has_ratio(t))
		table_ratio(t, STYLE_BOLD, src, dev, dir, packets);
	table_last(t, STYLE_BOLD, dev, last_loss(src, dev, dir));
}

/**
 * table_reason() - add a reason
 * @t: table
 * @style: how it looks
 * @info: reason; one that is no loss is in no total, and says so
 */
void table_reason(struct table *t, enum style style,
		  const struct tapdrop_reason_info *info)
{
	char buf[128];

	if (info->class_id == TAPDROP_CLASS_LOSS) {
		table_text(t, style, info->name);
		return;
	}
	snprintf(buf, sizeof(buf), "%s (%s)", info->name,
		 tapdrop_class_name(info->class_id));
	table_text(t, style, buf);
}

static void put_counter(struct table *t, const struct source *src,
			const struct tapdrop_device *dev,
			const struct tapdrop_counter *c)
{
	enum style style = is_loss(src, c) ? STYLE_NONE : STYLE_DIM;

	/* Device, kind and direction are those of the total above. */
	table_repeat(t, STYLE_BOLD);
	table_repeat(t, STYLE_NONE);
	if (c->queue >= 0)
		table_number(t, STYLE_NONE, c->queue);
	else
		table_text(t, STYLE_NONE, "none");
	table_repeat(t, style);
	table_reason(t, style, reason_info(src, c->reason));
	table_number(t, style, c->packets);
	if (has_ratio(t) && is_loss(src, c))
		table_ratio(t, style, src, dev, c->dir, c->packets);
	else if (has_ratio(t))
		table_text(t, style, "-");
	table_last(t, style, dev, c->last_ms);
}

static void put_no_drops(struct table *t, const struct source *src,
			 const struct tapdrop_device *dev)
{
	table_device(t, src, dev);
	put_queues(t, dev);
	table_text(t, STYLE_NONE, "-");
	table_text(t, STYLE_NONE, "no drops");
	table_number(t, STYLE_NONE, 0);
	if (has_ratio(t))
		table_text(t, STYLE_NONE, "-");
	table_last(t, STYLE_NONE, dev, TAPDROP_NEVER);
}

/* What the standard counters say is all that is known, without a reason. */
static void put_uncounted(struct table *t, const struct source *src,
			  const struct tapdrop_device *dev)
{
	const struct tapdrop_link_stats *link = source_link(src, dev);
	char buf[96] = "not counted";

	if (link)
		snprintf(buf, sizeof(buf), "not counted (rx_dropped %llu, tx_dropped %llu)",
			 (unsigned long long)link->rx_dropped,
			 (unsigned long long)link->tx_dropped);
	table_device(t, src, dev);
	table_text(t, STYLE_NONE, "-");
	table_text(t, STYLE_NONE, "-");
	table_text(t, STYLE_BOLD, buf);
	table_text(t, STYLE_NONE, "-");
	if (has_ratio(t))
		table_text(t, STYLE_NONE, "-");
	table_text(t, STYLE_NONE, "-");
}

/**
 * table_counters() - add all rows of a device
 * @t: table
 * @src: source of the device
 * @dev: device
 */
void table_counters(struct table *t, const struct source *src,
		    const struct tapdrop_device *dev)
{
	const struct tapdrop_counter *c;
	uint32_t dir, seen;

	if (!has_numbers(dev)) {
		put_uncounted(t, src, dev);
		return;
	}
	for (dir = TAPDROP_DIR_TO_USER; dir <= TAPDROP_DIR_FROM_USER; dir++) {
		seen = 0;
		tapdrop_for_each_counter(c, dev) {
			if (c->dir != dir)
				continue;
			if (!seen++)
				put_total(t, src, dev, dir);
			put_counter(t, src, dev, c);
		}
	}
	if (!dev->n_counters)
		put_no_drops(t, src, dev);
}

/* They are attached at once, or come one after the other later. */
static void print_attached(size_t n, const struct place *newest,
			   const struct place *oldest, FILE *f)
{
	uint64_t from = oldest->dev->since_ms, to = newest->dev->since_ms;
	char name[DEVICE_NAME], first[32], last[32];

	if (n == 1)
		fprintf(f, "Counting on %s",
			device_name(name, newest->src, newest->dev));
	else
		fprintf(f, "Counting on %zu devices", n);
	if (from - to <= PLACE_SLACK_MS)
		fprintf(f, " last began %s;", age(last, to));
	else
		fprintf(f, " last began between %s and %s;", age(first, from),
			age(last, to));
	fprintf(f, " what %s lost while nobody counted is not known.\n",
		n == 1 ? "it" : "they");
}

/**
 * print_coverage() - say below a table what its numbers leave out
 * @s: sources
 * @sel: selection
 * @f: where to
 *
 * Devices without a row count, too: that they lost nothing is true since then.
 */
void print_coverage(const struct sources *s, const struct selector *sel, FILE *f)
{
	size_t attached = 0, n = count_uncounted(s, sel);
	struct place at, newest = {}, oldest = {};

	for_each_selected(at, s, sel) {
		if (!is_counted_later(at.dev))
			continue;
		if (!attached || at.dev->since_ms < newest.dev->since_ms)
			newest = at;
		if (!attached++ || at.dev->since_ms > oldest.dev->since_ms)
			oldest = at;
	}
	if (attached)
		print_attached(attached, &newest, &oldest, f);
	if (n)
		fprintf(f, "%zu device%s not counted, whatever %s lost; 'tapdrop doctor' says why.\n",
			n, n == 1 ? " is" : "s are", n == 1 ? "it has" : "they have");
}

/**
 * print_uncounted() - print words and values in turn of a device without numbers
 * @src: source of the device
 * @dev: device that is not counted
 *
 * The caller ends the line.
 */
void print_uncounted(const struct source *src, const struct tapdrop_device *dev)
{
	char name[DEVICE_NAME];

	printf("dev %s ifindex %u kind %s coverage %s",
	       device_name(name, src, dev), dev->ifindex,
	       tapdrop_kind_name(dev->kind),
	       tapdrop_coverage_name(dev->coverage));
}

static void put_head(const struct source *src, const struct tapdrop_device *dev)
{
	char name[DEVICE_NAME];

	printf("dev %s ifindex %u kind %s queues %u",
	       device_name(name, src, dev), dev->ifindex,
	       tapdrop_kind_name(dev->kind), dev->queues);
}

/* Only without these words, what is not there was never lost. */
static void put_since(const struct tapdrop_device *dev)
{
	if (is_counted_later(dev))
		printf(" coverage %s since-ms %llu",
		       tapdrop_coverage_name(dev->coverage),
		       (unsigned long long)dev->since_ms);
}

/**
 * print_device() - print words and values in turn, for grep and awk
 * @src: source of the device
 * @dev: device
 *
 * The caller ends the line.
 */
void print_device(const struct source *src, const struct tapdrop_device *dev)
{
	put_head(src, dev);
	put_since(dev);
}

/**
 * print_counter() - print words and values of a device and one counter
 * @src: source of the device
 * @dev: device
 * @c: counter
 *
 * The caller ends the line.
 */
void print_counter(const struct source *src, const struct tapdrop_device *dev,
		   const struct tapdrop_counter *c)
{
	const struct tapdrop_reason_info *info = reason_info(src, c->reason);
	const char *netdev = tapdrop_netdev_dir(dev->kind, c->dir);

	put_head(src, dev);
	if (c->queue >= 0)
		printf(" queue %d", c->queue);
	else
		printf(" queue none");
	printf(" dir %s netdev-dir %s reason %s skb-reason %s class %s packets %llu",
	       tapdrop_dir_name(c->dir), *netdev ? netdev : "-", info->name,
	       *info->skb_reason ? info->skb_reason : "-",
	       tapdrop_class_name(info->class_id),
	       (unsigned long long)c->packets);
	if (c->last_ms != TAPDROP_NEVER)
		printf(" last-ms %llu", (unsigned long long)c->last_ms);
	put_since(dev);
}

/**
 * print_counters() - print a line for each counter of a device, or that what is
 *	not there is not known
 * @src: source of the device
 * @dev: device
 */
void print_counters(const struct source *src, const struct tapdrop_device *dev)
{
	const struct tapdrop_counter *c;

	tapdrop_for_each_counter(c, dev) {
		print_counter(src, dev, c);
		putchar('\n');
	}
	if (!is_counted(dev))
		print_uncounted(src, dev);
	else if (!dev->n_counters && is_counted_later(dev))
		print_device(src, dev);
	else
		return;
	putchar('\n');
}
