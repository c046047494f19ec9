// SPDX-License-Identifier: GPL-2.0-only
/* Devices of all sources, and where they are. */
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "place.h"
#include "text.h"

/* What the library sorts begins with the index. */
static int by_ifindex(const void *pa, const void *pb)
{
	const uint32_t *a = pa, *b = pb;

	return *a < *b ? -1 : *a > *b;
}

static const void *find(const void *list, size_t n, size_t size,
			const struct tapdrop_device *dev)
{
	return n ? bsearch(&dev->ifindex, list, n, size, by_ifindex) : NULL;
}

static bool belongs(const struct source *src, const struct selector *sel,
		    const struct tapdrop_device *dev)
{
	const struct tapdrop_link *link;

	if (!wants_links(sel))
		return true;
	link = find(src->belongs, src->n_belongs, sizeof(*src->belongs), dev);
	return link && (!sel->master || link->master == src->master) &&
	       (!sel->has_group || link->group == sel->group) &&
	       (!sel->up || link->flags & IFF_UP);
}

/**
 * next_selected() - go to the next device that is selected
 * @place: where we are; zeroed in front of the first
 * @s: sources
 * @sel: selection
 *
 * Return: false behind the last one.
 */
bool next_selected(struct place *place, const struct sources *s,
		   const struct selector *sel)
{
	if (!place->src)
		place->src = s->list;
	while (s->n && place->src < s->list + s->n) {
		place->dev = place->src->stats ?
			tapdrop_stats_next(place->src->stats, place->dev) : NULL;
		if (!place->dev)
			place->src++;
		else if (selected(sel, place->src->ifindexes, place->dev) &&
			 belongs(place->src, sel, place->dev))
			return true;
	}
	return false;
}

/**
 * count_uncounted() - how many of the selected devices are not counted?
 * @s: sources
 * @sel: selection
 *
 * Return: their number.
 */
size_t count_uncounted(const struct sources *s, const struct selector *sel)
{
	struct place at;
	size_t n = 0;

	for_each_selected(at, s, sel)
		n += !is_counted(at.dev);
	return n;
}

/**
 * any_counted_later() - is there a device whose numbers leave out its first time?
 * @s: sources
 * @sel: selection
 *
 * Return: true if one of the selected devices is such.
 */
bool any_counted_later(const struct sources *s, const struct selector *sel)
{
	struct place at;

	for_each_selected(at, s, sel) {
		if (is_counted_later(at.dev))
			return true;
	}
	return false;
}

/**
 * source_link() - find the standard counters of a device
 * @src: source
 * @dev: device
 *
 * Return: the counters, or NULL.
 */
const struct tapdrop_link_stats *source_link(const struct source *src,
					     const struct tapdrop_device *dev)
{
	return find(src->links, src->n_links, sizeof(*src->links), dev);
}

/**
 * is_older_than() - was a device there before?
 * @dev: device
 * @ms: how long before, in milliseconds
 *
 * Return: false also if its age is not known, or about that.
 */
bool is_older_than(const struct tapdrop_device *dev, int64_t ms)
{
	return dev->since_ms != TAPDROP_NEVER &&
	       (int64_t)dev->since_ms > ms + PLACE_SLACK_MS;
}

/**
 * device_name() - name of a device, fit for a terminal
 * @dst: room for it
 * @src: source of the device
 * @dev: device
 *
 * Return: the name, with the namespace in front of it if it has a name.
 */
const char *device_name(char dst[DEVICE_NAME], const struct source *src,
			const struct tapdrop_device *dev)
{
	char *p = dst;

	if (src->netns) {
		clean_text(p, DEVICE_NAME / 2, src->netns);
		p = stpcpy(p + strlen(p), "/");
	}
	if (dev->ifname[0])
		clean_text(p, DEVICE_NAME / 2, dev->ifname);
	else if (dev->ifindex)
		sprintf(p, "if%u", dev->ifindex);
	else
		strcpy(p, "-");
	return dst;
}
