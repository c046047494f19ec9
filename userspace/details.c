// SPDX-License-Identifier: GPL-2.0-only
/* What -details adds: the standard counters, and what the reasons mean. */
#include "tool.h"

/* What the device itself counts in a direction. */
static uint64_t standard(const struct tapdrop_link_stats *link, uint32_t kind,
			 uint32_t dir)
{
	return tapdrop_netdev_dir(kind, dir)[0] == 'r' ? link->rx_dropped :
							 link->tx_dropped;
}

static void compare(const char *name, const struct tapdrop_link_stats *link,
		    const struct tapdrop_device *dev, uint32_t dir, FILE *f)
{
	unsigned long long theirs = standard(link, dev->kind, dir);
	unsigned long long ours = dir == TAPDROP_DIR_TO_USER ?
				  dev->lost_to_user : dev->lost_from_user;
	const char *netdev = tapdrop_netdev_dir(dev->kind, dir);

	fprintf(f, "%s: %llu lost %s, %s_dropped is %llu: ", name, ours,
		tapdrop_dir_name(dir), netdev, theirs);
	if (ours == theirs)
		fprintf(f, "they agree\n");
	else if (ours > theirs)
		fprintf(f, "expected, since the driver leaves some losses out of its standard counter\n");
	else
		fprintf(f, "expected, since the network stack counts drops of its own there, too\n");
}

static void compare_all(const struct source *src, const struct selector *sel,
			FILE *f)
{
	const struct tapdrop_link_stats *link;
	const struct tapdrop_device *dev;
	char name[DEVICE_NAME];

	tapdrop_for_each_device(dev, src->stats) {
		link = source_link(src, dev);
		if (!link || !dev->kind || !selected(sel, dev) ||
		    (!dev->n_counters && !sel->all && !sel->dev))
			continue;
		device_name(name, src, dev);
		compare(name, link, dev, TAPDROP_DIR_TO_USER, f);
		compare(name, link, dev, TAPDROP_DIR_FROM_USER, f);
	}
}

/* Reasons that are newer than 63 are not explained. */
static uint64_t seen_reasons(const struct source *src,
			     const struct selector *sel)
{
	const struct tapdrop_device *dev;
	const struct tapdrop_counter *c;
	uint64_t seen = 0;

	tapdrop_for_each_device(dev, src->stats) {
		if (!selected(sel, dev))
			continue;
		tapdrop_for_each_counter(c, dev) {
			if (c->packets && c->reason < 64)
				seen |= 1ULL << c->reason;
		}
	}
	return seen;
}

/**
 * print_details() - print what is worth to know about counters just shown
 * @s: sources
 * @sel: selection
 * @f: where to
 */
void print_details(const struct sources *s, const struct selector *sel, FILE *f)
{
	const struct source *src;
	uint64_t seen = 0;
	uint32_t id;

	if (!is_filtered(sel) && !opt.file) {
		putc('\n', f);
		for (src = s->list; src < s->list + s->n; src++)
			compare_all(src, sel, f);
	}
	for (src = s->list; src < s->list + s->n; src++)
		seen |= seen_reasons(src, sel);
	for (id = 0; id < 64; id++) {
		if (seen & 1ULL << id) {
			putc('\n', f);
			explain_reason(reason_info(s->list, id), f);
		}
	}
}
