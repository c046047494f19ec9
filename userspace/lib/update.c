// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-3-Clause
/*
 * An answer that is kept up to date. The kernel is asked for what changed since
 * it, and both are put together, if they have the same generation: then the
 * devices that there are, their names and their queues are still the same.
 */
#include <errno.h>
#include <stdlib.h>

#include "handle.h"
#include "stats.h"

/* A recording has whole dumps, and a queue that is new has zeros to show. */
static bool may_ask_for_changes(const struct tapdrop *td,
				const struct tapdrop_filter *f)
{
	return !td->from_file && !td->record_path && !f->zeros;
}

/* Can changes be added to it? */
static bool is_whole(const struct tapdrop_stats *stats)
{
	return stats && stats->cursor && stats->generation &&
	       !stats->inconsistent;
}

/* Return: negative if @a comes first, 0 if it is the same counter. */
static int compare(const struct tapdrop_counter *a,
		   const struct tapdrop_counter *b)
{
	if (a->queue != b->queue)
		return a->queue < b->queue ? -1 : 1;
	if (a->dir != b->dir)
		return a->dir < b->dir ? -1 : 1;
	return a->reason < b->reason ? -1 : a->reason > b->reason;
}

static void grow_older(uint64_t *ms, uint64_t elapsed)
{
	if (*ms != TAPDROP_NEVER)
		*ms += elapsed;
}

static int add_counter(struct tapdrop_stats *sum,
		       const struct tapdrop_counter *c, uint64_t elapsed)
{
	struct tapdrop_counter *new = tapdrop_stats_add_counter(sum);

	if (!new)
		return -ENOMEM;
	*new = *c;
	grow_older(&new->last_ms, elapsed);
	return 0;
}

/* Nobody counts it, and what it lost is not known, whatever was counted before. */
static bool is_uncounted(const struct tapdrop_device *dev)
{
	return dev->coverage == TAPDROP_COVERAGE_NONE;
}

/* Those of @old that are not in @changed, and those of @changed, in order. */
static int add_counters(struct tapdrop_stats *sum,
			const struct tapdrop_device *old,
			const struct tapdrop_device *changed, uint64_t elapsed)
{
	const struct tapdrop_counter *a = old->counters, *b = NULL;
	const struct tapdrop_counter *a_end = a + old->n_counters, *b_end = NULL;
	int diff, err = 0;

	if (changed) {
		b = changed->counters;
		b_end = b + changed->n_counters;
		if (is_uncounted(changed))
			a = a_end;
	}
	while (!err && (a != a_end || b != b_end)) {
		diff = a == a_end ? 1 : b == b_end ? -1 : compare(a, b);
		if (diff < 0) {
			err = add_counter(sum, a++, elapsed);
			continue;
		}
		a += !diff;
		err = add_counter(sum, b++, 0);
	}
	return err;
}

static int add_device(struct tapdrop_stats *sum,
		      const struct tapdrop_device *old,
		      const struct tapdrop_device *changed, uint64_t elapsed)
{
	const struct tapdrop_device *from = changed ? changed : old;
	struct tapdrop_device *dev = tapdrop_stats_add_device(sum);

	if (!dev)
		return -ENOMEM;
	*dev = *from;
	dev->n_counters = 0;
	dev->lost_to_user = 0;
	dev->lost_from_user = 0;
	if (!changed)
		grow_older(&dev->since_ms, elapsed);
	if (tapdrop_stats_set_alias(sum, dev, from->ifalias))
		return -ENOMEM;
	return add_counters(sum, old, changed, elapsed);
}

/*
 * One that is not counted is in each answer, without its counters. As soon as it is
 * counted again, all of them are missing.
 */
static bool begins_again(const struct tapdrop_device *old,
			 const struct tapdrop_device *changed)
{
	return old->ifindex && is_uncounted(old) &&
	       (!changed || !is_uncounted(changed));
}

/* Return: 1 if @changed has a device that @old has not, or has not all counters of. */
static int add_devices(struct tapdrop_stats *sum,
		       const struct tapdrop_stats *old,
		       const struct tapdrop_stats *changed)
{
	uint64_t elapsed = changed->moment.monotonic_ms -
			   old->moment.monotonic_ms;
	const struct tapdrop_device *dev, *next, *found;
	int err = 0;

	next = tapdrop_stats_next(changed, NULL);
	tapdrop_for_each_device(dev, old) {
		found = next && next->ifindex == dev->ifindex ? next : NULL;
		if (begins_again(dev, found))
			return 1;
		err = add_device(sum, dev, found, elapsed);
		if (err)
			return err;
		if (found)
			next = tapdrop_stats_next(changed, next);
	}
	return next ? 1 : 0;
}

/* Return: both together, or NULL if they do not fit, or without memory. */
static struct tapdrop_stats *put_together(const struct tapdrop_stats *old,
					  const struct tapdrop_stats *changed)
{
	struct tapdrop_stats *sum;

	if (!is_whole(changed) || changed->generation != old->generation)
		return NULL;
	sum = tapdrop_stats_new();
	if (!sum)
		return NULL;
	if (add_devices(sum, old, changed)) {
		tapdrop_stats_free(sum);
		return NULL;
	}
	sum->moment = changed->moment;
	sum->cursor = changed->cursor;
	sum->generation = changed->generation;
	tapdrop_stats_seal(sum);
	return sum;
}

/* Return: 0 with @fresh, which is NULL if everything has to be asked for. */
static int try_changes(struct tapdrop *td, struct tapdrop_filter f,
		       const struct tapdrop_stats *old,
		       struct tapdrop_stats **fresh)
{
	struct tapdrop_stats *changed;
	int err;

	*fresh = NULL;
	f.cursor = old->cursor;
	err = tapdrop_dump(td, &f, &changed);
	if (err)
		return err == -ESTALE ? 0 : err;
	*fresh = put_together(old, changed);
	tapdrop_stats_free(changed);
	return 0;
}

int tapdrop_update(struct tapdrop *td, const struct tapdrop_filter *filter,
		   struct tapdrop_stats **stats)
{
	struct tapdrop_stats *fresh = NULL;
	struct tapdrop_filter f = {};
	int err = 0;

	if (filter)
		f = *filter;
	f.delta = may_ask_for_changes(td, &f);
	f.cursor = 0;
	if (f.delta && is_whole(*stats))
		err = try_changes(td, f, *stats, &fresh);
	if (!err && !fresh)
		err = tapdrop_dump(td, &f, &fresh);
	if (err)
		return err;
	tapdrop_stats_free(*stats);
	*stats = fresh;
	return 0;
}
