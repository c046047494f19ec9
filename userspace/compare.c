// SPDX-License-Identifier: GPL-2.0-only
/* How our sums compare with the standard counters, as of "ip -s link". */
#include <string.h>

#include "compare.h"
#include "options.h"
#include "place.h"
#include "text.h"

#define LESS	"the driver leaves some losses out of its standard counter"
#define MORE	"the network stack counts drops of its own there, too"

/* What the device itself counts in a direction. */
static uint64_t standard(const struct tapdrop_link_stats *link, uint32_t kind,
			 uint32_t dir)
{
	return tapdrop_netdev_dir(kind, dir)[0] == 'r' ? link->rx_dropped :
							 link->tx_dropped;
}

static uint64_t lost(const struct tapdrop_device *dev, uint32_t dir)
{
	return dir == TAPDROP_DIR_TO_USER ? dev->lost_to_user :
					    dev->lost_from_user;
}

/* Were only some of a device's losses asked for? */
static bool is_part(const struct tapdrop_filter *f)
{
	return f->dir || f->reasons || f->has_queue || f->no_queue;
}

/**
 * offered() - how many frames a device was to carry in a direction
 * @src: source of the device, with the standard counters read
 * @dev: device
 * @dir: direction
 * @frames: where to put the number
 *
 * These are the packets that the device counts, and the lost ones. macvlan and
 * ipvlan count a frame before the queue gets it, so that the lost ones are among
 * them; more can be lost where the driver cuts a frame into segments.
 *
 * Return: false if there is no way to know, also if only a part of the losses
 * was asked for.
 */
bool offered(const struct source *src, const struct tapdrop_device *dev,
	     uint32_t dir, uint64_t *frames)
{
	const struct tapdrop_link_stats *link = source_link(src, dev);
	const char *netdev = tapdrop_netdev_dir(dev->kind, dir);
	uint64_t packets;

	/* Who counts from later on does not know what was lost before. */
	if (!link || !*netdev || is_part(&src->filter) || !dev->from_creation)
		return false;
	packets = *netdev == 'r' ? link->rx_packets : link->tx_packets;
	if (dir == TAPDROP_DIR_TO_USER && *netdev == 'r')
		*frames = packets > lost(dev, dir) ? packets : lost(dev, dir);
	else if (__builtin_add_overflow(packets, lost(dev, dir), frames))
		*frames = UINT64_MAX;
	return true;
}

/*
 * The same as with printf(), which takes a thousand instructions for it. Where
 * the last digit hangs by a thread, that is asked.
 */
static const char *put_percent(char dst[16], double percent)
{
	unsigned int scale = percent < 10 ? 100 : 10, n = percent * scale;
	double rest = percent * scale - n;
	char *p = dst + 14;

	if (rest > 0.499 && rest < 0.501) {
		snprintf(dst, 16, "%.*f%%", scale == 100 ? 2 : 1, percent);
		return dst;
	}
	n += rest > 0.5;
	strcpy(p, "%");
	p = put_number(p, scale + n % scale);
	*p = '.';
	return put_number(p, n / scale);
}

/**
 * percentage() - which part something is of all
 * @dst: where to put it
 * @part: the part
 * @all: all
 *
 * Never says 0% if there is some, nor 100% if there is a rest.
 *
 * Return: the text, somewhere in @dst.
 */
const char *percentage(char dst[16], uint64_t part, uint64_t all)
{
	double percent = all ? 100.0 * part / all : 0;

	if (!all)
		return strcpy(dst, "-");
	if (!part || part == all)
		sprintf(dst, "%d%%", part ? 100 : 0);
	else if (percent < 0.005)
		strcpy(dst, "<0.01%");
	else if (percent > 99.95)
		strcpy(dst, ">99.9%");
	else
		return put_percent(dst, percent);
	return dst;
}

static const char *verdict(const struct tapdrop_device *dev,
			   unsigned long long ours, unsigned long long theirs)
{
	if (is_counted_later(dev))
		return "not comparable, ours leaves out what was lost while nobody counted";
	if (ours == theirs)
		return "they agree";
	return ours > theirs ? "expected, since " LESS : "expected, since " MORE;
}

static void compare(const char *name, const struct tapdrop_link_stats *link,
		    const struct tapdrop_device *dev, uint32_t dir, FILE *f)
{
	unsigned long long theirs = standard(link, dev->kind, dir);
	unsigned long long ours = lost(dev, dir);

	fprintf(f, "%s: %llu lost %s, %s_dropped is %llu: %s\n", name, ours,
		tapdrop_dir_name(dir), tapdrop_netdev_dir(dev->kind, dir),
		theirs, verdict(dev, ours, theirs));
}

static const struct tapdrop_link_stats *
comparable(const struct place *at, const struct selector *sel)
{
	if (!at->dev->kind || !is_counted(at->dev) || !visible(sel, at->dev))
		return NULL;
	return source_link(at->src, at->dev);
}

static void compare_each(const struct sources *s, const struct selector *sel,
			 FILE *f)
{
	const struct tapdrop_link_stats *link;
	char name[DEVICE_NAME];
	struct place at;
	size_t n = 0;

	for_each_selected(at, s, sel) {
		link = comparable(&at, sel);
		if (!link)
			continue;
		if (!n++)
			putc('\n', f);
		device_name(name, at.src, at.dev);
		compare(name, link, at.dev, TAPDROP_DIR_TO_USER, f);
		compare(name, link, at.dev, TAPDROP_DIR_FROM_USER, f);
	}
}

static bool agrees(const struct tapdrop_link_stats *link,
		   const struct tapdrop_device *dev)
{
	uint32_t dir;

	for (dir = TAPDROP_DIR_TO_USER; dir <= TAPDROP_DIR_FROM_USER; dir++) {
		if (lost(dev, dir) != standard(link, dev->kind, dir))
			return false;
	}
	return true;
}

static void compare_all(const struct sources *s, const struct selector *sel,
			FILE *f)
{
	const struct tapdrop_link_stats *link;
	size_t all = 0, agreed = 0, later = 0;
	struct place at;

	for_each_selected(at, s, sel) {
		link = comparable(&at, sel);
		if (!link)
			continue;
		if (is_counted_later(at.dev)) {
			later++;
			continue;
		}
		all++;
		agreed += agrees(link, at.dev);
	}
	if (all)
		fprintf(f, "\nThe standard counters (ip -s link) agree on %zu of %zu device%s.\n",
			agreed, all, all == 1 ? "" : "s");
	if (agreed < all)
		fprintf(f, "On the others that is expected: " LESS
			",\nor " MORE "; 'tapdrop -details' compares each.\n");
	if (later)
		fprintf(f, "%sThe standard counters%s of %zu device%s began before 'tapdrop attach', and cannot be compared.\n",
			all ? "" : "\n", all ? "" : " (ip -s link)", later,
			later == 1 ? "" : "s");
}

/**
 * print_standard() - say how the standard counters compare with ours
 * @s: sources, with the standard counters read
 * @sel: selection of whole devices
 * @f: where to
 *
 * Prints one line per direction for a device that was asked for by name, and
 * for each device with -details; else one sentence for all.
 */
void print_standard(const struct sources *s, const struct selector *sel, FILE *f)
{
	if (opt.details || (sel->dev && !sel->is_glob))
		compare_each(s, sel, f);
	else
		compare_all(s, sel, f);
}
