// SPDX-License-Identifier: GPL-2.0-only
/* What devices had lost before, and what they have lost since. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "baseline.h"
#include "dump.h"
#include "exitcode.h"
#include "fail.h"
#include "reason.h"
#include "xalloc.h"

/**
 * baseline_take() - keep what sources_dump() has read
 * @b: where to put it
 * @s: sources, which have to be read again
 */
void baseline_take(struct baseline *b, struct sources *s)
{
	size_t i;

	*b = (struct baseline){ .n = s->n };
	b->stats = xrealloc(NULL, s->n, sizeof(*b->stats));
	for (i = 0; i < s->n; i++) {
		b->stats[i] = s->list[i].stats;
		s->list[i].stats = NULL;
	}
}

/**
 * baseline_load() - read a recording of one network namespace
 * @b: where to put it; baseline_free() wants it also after an error
 * @path: recording; of a series, the first dump counts
 *
 * Return: exit code.
 */
int baseline_load(struct baseline *b, const char *path)
{
	int err;

	*b = (struct baseline){ .n = 1 };
	b->stats = xrealloc(NULL, 1, sizeof(*b->stats));
	b->stats[0] = NULL;
	err = tapdrop_open_file(&b->td, path);
	if (!err)
		err = tapdrop_dump(b->td, NULL, &b->stats[0]);
	if (err == -ENODATA)
		return fail(EXIT_USAGE, "%s has no dump", path);
	return err ? fail(EXIT_USAGE, "%s", tapdrop_error(b->td)) : EXIT_OK;
}

static const struct tapdrop_counter *
find_counter(const struct tapdrop_device *dev, const struct tapdrop_counter *key)
{
	const struct tapdrop_counter *c;

	tapdrop_for_each_counter(c, dev) {
		if (c->queue == key->queue && c->dir == key->dir &&
		    c->reason == key->reason)
			return c;
	}
	return NULL;
}

/* Counters only grow, so one that is smaller is another device's. */
static bool went_back(const struct tapdrop_device *old,
		      const struct tapdrop_device *dev)
{
	const struct tapdrop_counter *c, *before;

	tapdrop_for_each_counter(c, dev) {
		before = find_counter(old, c);
		if (before && before->packets > c->packets)
			return true;
	}
	return false;
}

/**
 * baseline_find() - find a device among the earlier ones
 * @b: earlier counters
 * @src: index of the source
 * @dev: the device now
 *
 * An interface index may be used again, and so may a name.
 *
 * Return: the device then; NULL if it was not there.
 */
const struct tapdrop_device *baseline_find(const struct baseline *b, size_t src,
					   const struct tapdrop_device *dev)
{
	const struct tapdrop_device *old;

	if (src >= b->n)
		return NULL;
	tapdrop_for_each_device(old, b->stats[src]) {
		if (old->ifindex == dev->ifindex && old->kind == dev->kind &&
		    !strcmp(old->ifname, dev->ifname))
			return went_back(old, dev) ? NULL : old;
	}
	return NULL;
}

/**
 * baseline_grown() - say what a device has lost since
 * @old: what baseline_find() returned
 * @src: source of the device
 * @dev: the device now
 * @grown: where to put it, with counters that have grown; to be freed
 */
void baseline_grown(const struct tapdrop_device *old, const struct source *src,
		    const struct tapdrop_device *dev,
		    struct tapdrop_device *grown)
{
	const struct tapdrop_counter *c, *before;
	struct tapdrop_counter *to;

	to = xrealloc(NULL, dev->n_counters + 1, sizeof(*to));
	*grown = *dev;
	grown->counters = to;
	grown->lost_to_user = 0;
	grown->lost_from_user = 0;
	tapdrop_for_each_counter(c, dev) {
		before = old ? find_counter(old, c) : NULL;
		*to = *c;
		to->packets -= before ? before->packets : 0;
		if (!to->packets)
			continue;
		if (reason_info(src, c->reason)->class_id ==
		    TAPDROP_CLASS_LOSS) {
			if (c->dir == TAPDROP_DIR_TO_USER)
				grown->lost_to_user += to->packets;
			else
				grown->lost_from_user += to->packets;
		}
		to++;
	}
	grown->n_counters = to - grown->counters;
}

/**
 * baseline_free() - free what a baseline holds
 * @b: earlier counters
 */
void baseline_free(struct baseline *b)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		tapdrop_stats_free(b->stats[i]);
	free(b->stats);
	tapdrop_close(b->td);
}
