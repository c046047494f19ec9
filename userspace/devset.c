// SPDX-License-Identifier: GPL-2.0-only
/* A set of devices, by their namespace and index. */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "devset.h"
#include "xalloc.h"

/* Behind a member there is the name of its namespace. */
struct member {
	const char *netns;
	uint32_t ifindex;
};

static int compare(const void *pa, const void *pb)
{
	const struct member *a = pa, *b = pb;

	if (a->ifindex != b->ifindex)
		return a->ifindex < b->ifindex ? -1 : 1;
	return strcmp(a->netns, b->netns);
}

static struct member key(const struct source *src,
			 const struct tapdrop_device *dev)
{
	return (struct member){
		.netns = src->netns ? src->netns : "",
		.ifindex = dev->ifindex,
	};
}

/**
 * devset_add() - add a device
 * @set: set
 * @src: its source
 * @dev: the device
 */
void devset_add(struct devset *set, const struct source *src,
		const struct tapdrop_device *dev)
{
	struct member k = key(src, dev), *member, **found;

	member = xrealloc(NULL, 1, sizeof(*member) + strlen(k.netns) + 1);
	*member = k;
	member->netns = strcpy((char *)(member + 1), k.netns);
	found = tsearch(member, &set->tree, compare);
	if (!found || *found != member)
		free(member);
}

/**
 * devset_has() - is a device in a set?
 * @set: set
 * @src: its source
 * @dev: the device
 *
 * Return: true if so.
 */
bool devset_has(const struct devset *set, const struct source *src,
		const struct tapdrop_device *dev)
{
	struct member k = key(src, dev);

	return tfind(&k, &set->tree, compare);
}

/**
 * devset_free() - empty a set
 * @set: set
 */
void devset_free(struct devset *set)
{
	tdestroy(set->tree, free);
	set->tree = NULL;
}
