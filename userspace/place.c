// SPDX-License-Identifier: GPL-2.0-only
/* Devices of all sources, and where they are. */
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "place.h"
#include "text.h"

static int compare_belongs(const void *a, const void *b)
{
	const struct tapdrop_link *link = b;
	const uint32_t *ifindex = a;

	return *ifindex < link->ifindex ? -1 : *ifindex > link->ifindex;
}

static bool belongs(const struct source *src, const struct selector *sel,
		    const struct tapdrop_device *dev)
{
	const struct tapdrop_link *link;

	if (!wants_links(sel))
		return true;
	link = bsearch(&dev->ifindex, src->belongs, src->n_belongs,
		       sizeof(*src->belongs), compare_belongs);
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

static int compare_ifindex(const void *a, const void *b)
{
	const struct tapdrop_link_stats *link = b;
	const uint32_t *ifindex = a;

	return *ifindex < link->ifindex ? -1 : *ifindex > link->ifindex;
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
	if (!src->links)
		return NULL;
	return bsearch(&dev->ifindex, src->links, src->n_links,
		       sizeof(*src->links), compare_ifindex);
}

static int compare_alias(const void *a, const void *b)
{
	const struct tapdrop_alias *alias = b;
	const uint32_t *ifindex = a;

	return *ifindex < alias->ifindex ? -1 : *ifindex > alias->ifindex;
}

/**
 * source_alias() - find the alias of a device
 * @src: source
 * @dev: device
 *
 * Return: the alias, or NULL.
 */
const char *source_alias(const struct source *src,
			 const struct tapdrop_device *dev)
{
	const struct tapdrop_alias *alias = NULL;

	if (src->n_aliases)
		alias = bsearch(&dev->ifindex, src->aliases, src->n_aliases,
				sizeof(*src->aliases), compare_alias);
	return alias ? alias->text : NULL;
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
