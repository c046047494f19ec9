// SPDX-License-Identifier: GPL-2.0-only
/* What devices had lost before, and what they have lost since. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "baseline.h"
#include "exitcode.h"
#include "fail.h"
#include "place.h"
#include "reason.h"
#include "xalloc.h"

/**
 * struct known - a device of the baseline
 * @dev: the device
 * @src: index of its source
 * @found: it is still there
 */
struct known {
	const struct tapdrop_device *dev;
	size_t src;
	bool found;
};

static int compare(const void *pa, const void *pb)
{
	const struct known *a = pa, *b = pb;

	if (a->dev->ifindex != b->dev->ifindex)
		return a->dev->ifindex < b->dev->ifindex ? -1 : 1;
	return a->src < b->src ? -1 : a->src > b->src;
}

static void sort(struct baseline *b)
{
	const struct tapdrop_device *dev;
	size_t i, n = 0;

	for (i = 0; i < b->n; i++)
		n += tapdrop_stats_count(b->stats[i]);
	b->known = xrealloc(NULL, n, sizeof(*b->known));
	for (i = 0; i < b->n; i++) {
		tapdrop_for_each_device(dev, b->stats[i])
			b->known[b->n_known++] = (struct known){ dev, i, false };
	}
	qsort(b->known, b->n_known, sizeof(*b->known), compare);
}

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
	sort(b);
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
	if (err)
		return fail(EXIT_USAGE, "%s", tapdrop_error(b->td));
	sort(b);
	return EXIT_OK;
}

/*
 * Counters mostly come in the same order, so begin where the last one was found.
 */
static const struct tapdrop_counter *
find_counter(const struct tapdrop_device *dev, const struct tapdrop_counter *key,
	     size_t *at)
{
	const struct tapdrop_counter *c;
	size_t i;

	for (i = 0; i < dev->n_counters; i++, ++*at) {
		c = &dev->counters[*at % dev->n_counters];
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
	size_t at = 0;

	tapdrop_for_each_counter(c, dev) {
		before = find_counter(old, c, &at);
		if (before && before->packets > c->packets)
			return true;
	}
	return false;
}

/**
 * baseline_is_of_boot() - were the earlier counters counted since this start?
 * @b: earlier counters
 * @now: a moment, or NULL if it is not known which start that is
 *
 * Return: false if they certainly were not.
 */
bool baseline_is_of_boot(const struct baseline *b,
			 const struct tapdrop_moment *now)
{
	const struct tapdrop_moment *then = tapdrop_stats_moment(b->stats[0]);

	return !then || !now || !strcmp(then->boot_id, now->boot_id);
}

/**
 * struct births - how births of two dumps compare
 * @known: whether they do
 * @then: moment of the first
 * @now: moment of the second
 */
struct births {
	bool known;
	int64_t then;
	int64_t now;
};

static struct births compare_births(const struct tapdrop_stats *before,
				    const struct tapdrop_stats *stats)
{
	const struct tapdrop_moment *then = tapdrop_stats_moment(before);
	const struct tapdrop_moment *now = tapdrop_stats_moment(stats);

	if (!then || !now)
		return (struct births){};
	return (struct births){ true, then->monotonic_ms, now->monotonic_ms };
}

/* Was it there already? Return: false also if that is not known. */
static bool is_older(const struct births *t, const struct tapdrop_device *dev)
{
	return t->known && is_older_than(dev, t->now - t->then);
}

/* Its counters may go on that an earlier 'attach' has left. */
static bool begins(const struct tapdrop_device *old,
		   const struct tapdrop_device *dev)
{
	return !is_counted(old) && is_counted_later(dev) &&
	       old->kind == dev->kind;
}

/* How much later, in milliseconds, was the one born or attached? */
static int64_t births_apart(const struct births *t,
			    const struct tapdrop_device *old,
			    const struct tapdrop_device *dev)
{
	return (t->now - (int64_t)dev->since_ms) -
	       (t->then - (int64_t)old->since_ms);
}

/* Was there another 'attach', so that nobody counted for a part of the time? */
static bool is_again(const struct births *t, const struct tapdrop_device *old,
		     const struct tapdrop_device *dev)
{
	return t->known && is_counted_later(dev) &&
	       old->since_ms != TAPDROP_NEVER &&
	       births_apart(t, old, dev) > PLACE_SLACK_MS;
}

/* Neither an index nor a name is a device's for ever, but its birth is. */
static bool is_same(const struct births *t, const struct tapdrop_device *old,
		    const struct tapdrop_device *dev)
{
	int64_t apart;

	if (old->kind != dev->kind || went_back(old, dev))
		return false;
	if (old->since_ms == TAPDROP_NEVER || dev->since_ms == TAPDROP_NEVER)
		return !strcmp(old->ifname, dev->ifname);
	if (!t->known)
		return dev->since_ms >= old->since_ms &&
		       !strcmp(old->ifname, dev->ifname);
	apart = births_apart(t, old, dev);
	/*
	 * After another 'attach' its counters go on, from then on, and at the
	 * same index: only such are looked for that are not older.
	 */
	if (is_counted_later(dev) && old->coverage == dev->coverage &&
	    !is_older(t, dev))
		return true;
	return apart >= -PLACE_SLACK_MS && apart <= PLACE_SLACK_MS;
}

/* It keeps index and name on the way to another namespace, if they are free. */
static struct known *find_moved(const struct baseline *b,
				const struct births *t,
				const struct tapdrop_device *dev)
{
	struct known *k;

	for_each_element(k, b->known, b->n_known) {
		if ((k->dev->ifindex == dev->ifindex ||
		     !strcmp(k->dev->ifname, dev->ifname)) &&
		    is_same(t, k->dev, dev))
			return k;
	}
	return NULL;
}

/* Without a device to compare with, all that it has counted was lost since. */
static enum since find_none(const struct tapdrop_device *dev)
{
	return is_counted_later(dev) ? SINCE_PART : SINCE_CREATION;
}

/*
 * Is it the one that had its index, though there is nothing to compare? It is not
 * counted any more, or its counters began anew with the module.
 */
static bool is_still_there(const struct births *t, const struct tapdrop_device *old,
			   const struct tapdrop_device *dev)
{
	if (old->kind != dev->kind)
		return false;
	return !is_counted(dev) || (is_counted_later(dev) && !is_older(t, dev));
}

static enum since find_known(const struct baseline *b, const struct births *t,
			     const struct place *at, struct known *found,
			     const struct tapdrop_device **old)
{
	const struct tapdrop_device *dev = at->dev;
	const bool has_begun = found && begins(found->dev, dev);

	if (found && !has_begun && !is_same(t, found->dev, dev)) {
		found->found = is_still_there(t, found->dev, dev);
		found = NULL;
	}
	/* Of one that was attached, what it has may be of before, and elsewhere. */
	if (!found && !is_older(t, dev) && !is_counted_later(dev))
		return SINCE_CREATION;
	*old = dev;
	if (!found && !is_older(t, dev))
		return SINCE_UNKNOWN;
	if (!found)
		found = find_moved(b, t, dev);
	if (!found)
		return SINCE_NOW;
	found->found = true;
	if (has_begun)
		return SINCE_UNKNOWN;
	*old = found->dev;
	return is_again(t, found->dev, dev) ? SINCE_PART : SINCE_BASELINE;
}

/**
 * baseline_find() - find a device among the earlier ones
 * @b: earlier counters
 * @s: sources; those of a baseline that was loaded are the same one
 * @at: the device now
 * @old: where to put the device then, for baseline_grown()
 *
 * Return: since when it is known what it lost.
 */
enum since baseline_find(const struct baseline *b, const struct sources *s,
			 const struct place *at,
			 const struct tapdrop_device **old)
{
	struct known key = { at->dev, at->src - s->list, false }, *found;
	const struct tapdrop_moment *now;
	enum since since;
	struct births t;

	*old = NULL;
	now = tapdrop_stats_moment(at->src->stats);
	if (key.src >= b->n || !baseline_is_of_boot(b, now))
		return find_none(at->dev);
	t = compare_births(b->stats[key.src], at->src->stats);
	found = bsearch(&key, b->known, b->n_known, sizeof(key), compare);
	since = find_known(b, &t, at, found, old);
	return is_counted(at->dev) ? since : SINCE_UNKNOWN;
}

/**
 * baseline_gone() - walk through the devices that baseline_find() did not find
 * @b: earlier counters
 * @i: how many devices to skip
 *
 * Return: the device, or NULL if it was found or is none.
 */
const struct tapdrop_device *baseline_gone(const struct baseline *b, size_t i)
{
	const struct known *k = &b->known[i];

	return k->found || !k->dev->ifindex ? NULL : k->dev;
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
	size_t at = 0;

	to = xrealloc(NULL, dev->n_counters + 1, sizeof(*to));
	*grown = *dev;
	grown->counters = to;
	grown->lost_to_user = 0;
	grown->lost_from_user = 0;
	tapdrop_for_each_counter(c, dev) {
		before = old ? find_counter(old, c, &at) : NULL;
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
	free(b->known);
	tapdrop_close(b->td);
}
