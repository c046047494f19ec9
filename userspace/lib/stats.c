// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-3-Clause
/* The answer to a request: devices and counters, each in one array. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stats.h"

/**
 * tapdrop_stats_new() - make an empty answer
 *
 * Return: the answer, or NULL without memory.
 */
struct tapdrop_stats *tapdrop_stats_new(void)
{
	return calloc(1, sizeof(struct tapdrop_stats));
}

void tapdrop_stats_free(struct tapdrop_stats *stats)
{
	if (!stats)
		return;
	free(stats->devices);
	free(stats->counters);
	free(stats->aliases.data);
	free(stats);
}

/**
 * tapdrop_stats_reset() - forget what is in an answer, but keep its memory
 * @stats: answer
 */
void tapdrop_stats_reset(struct tapdrop_stats *stats)
{
	stats->n_devices = 0;
	stats->n_counters = 0;
	stats->inconsistent = false;
	memset(&stats->moment, 0, sizeof(stats->moment));
	stats->cursor = 0;
	stats->generation = 0;
	stats->aliases.len = 0;
}

/*
 * Make room for one more element; twice as much as before is enough. What is not
 * used costs less than to move what is.
 */
static void *grow(void *array, size_t n, size_t *max, size_t size)
{
	size_t want = *max ? 2 * *max : 1024;

	if (n < *max)
		return array;
	array = reallocarray(array, want, size);
	if (array)
		*max = want;
	return array;
}

/**
 * tapdrop_stats_add_device() - append a device
 * @stats: answer
 *
 * Return: the device, zeroed, valid until the next one; NULL without memory.
 */
struct tapdrop_device *tapdrop_stats_add_device(struct tapdrop_stats *stats)
{
	struct tapdrop_device *devices;

	devices = grow(stats->devices, stats->n_devices, &stats->max_devices,
		       sizeof(*devices));
	if (!devices)
		return NULL;
	stats->devices = devices;
	devices += stats->n_devices++;
	memset(devices, 0, sizeof(*devices));
	return devices;
}

/**
 * tapdrop_stats_add_counter() - append a counter to the last device
 * @stats: answer with at least one device
 *
 * Return: the counter, to be filled, valid until the next one; NULL without
 * memory.
 */
struct tapdrop_counter *tapdrop_stats_add_counter(struct tapdrop_stats *stats)
{
	struct tapdrop_counter *counters;

	counters = grow(stats->counters, stats->n_counters,
			&stats->max_counters, sizeof(*counters));
	if (!counters)
		return NULL;
	stats->counters = counters;
	stats->devices[stats->n_devices - 1].n_counters++;
	return &counters[stats->n_counters++];
}

/**
 * tapdrop_stats_set_alias() - copy the alias of a device
 * @stats: answer
 * @dev: device of it
 * @alias: alias; NULL or empty for none
 *
 * Until tapdrop_stats_seal() it is where the alias ends, as it may still move.
 *
 * Return: 0 or -ENOMEM.
 */
int tapdrop_stats_set_alias(struct tapdrop_stats *stats,
			    struct tapdrop_device *dev, const char *alias)
{
	dev->ifalias = NULL;
	if (!alias || !*alias)
		return 0;
	if (tapdrop_buf_add(&stats->aliases, alias, strlen(alias) + 1))
		return -ENOMEM;
	dev->ifalias = (const char *)(uintptr_t)
		       (stats->aliases.len - strlen(alias));
	return 0;
}

/* A reason that a newer kernel has and we do not know is taken for a loss. */
static bool is_loss(const struct tapdrop_counter *c)
{
	const struct tapdrop_reason_info *info = tapdrop_reason_by_id(c->reason);

	return !info || info->class_id == TAPDROP_CLASS_LOSS;
}

/**
 * tapdrop_stats_seal() - finish an answer
 * @stats: answer to which nothing will be added
 */
void tapdrop_stats_seal(struct tapdrop_stats *stats)
{
	/* An empty array points somewhere, too, so that it can be walked. */
	static const struct tapdrop_counter none;
	const struct tapdrop_counter *c = stats->counters;
	struct tapdrop_device *dev = stats->devices;
	size_t i, n;

	if (!c)
		c = &none;
	for (i = 0; i < stats->n_devices; i++, dev++) {
		dev->counters = c;
		if (dev->ifalias)
			dev->ifalias = (char *)stats->aliases.data - 1 +
				       (uintptr_t)dev->ifalias;
		for (n = 0; n < dev->n_counters; n++, c++) {
			if (!is_loss(c))
				continue;
			if (c->dir == TAPDROP_DIR_TO_USER)
				dev->lost_to_user += c->packets;
			else
				dev->lost_from_user += c->packets;
		}
	}
}

const struct tapdrop_device *
tapdrop_stats_next(const struct tapdrop_stats *stats,
		   const struct tapdrop_device *dev)
{
	if (!stats->n_devices)
		return NULL;
	dev = dev ? dev + 1 : stats->devices;
	return dev == stats->devices + stats->n_devices ? NULL : dev;
}

size_t tapdrop_stats_count(const struct tapdrop_stats *stats)
{
	return stats->n_devices;
}

uint64_t tapdrop_stats_cursor(const struct tapdrop_stats *stats)
{
	return stats->cursor;
}

bool tapdrop_stats_consistent(const struct tapdrop_stats *stats)
{
	return !stats->inconsistent;
}

const struct tapdrop_moment *
tapdrop_stats_moment(const struct tapdrop_stats *stats)
{
	return stats->moment.boot_id[0] ? &stats->moment : NULL;
}
