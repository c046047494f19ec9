/* SPDX-License-Identifier: GPL-2.0-only */
/* Devices that have ended, for whoever comes later to read their counters. */
#ifndef _TAPDROP_ENDED_H
#define _TAPDROP_ENDED_H

#include <stddef.h>
#include <stdint.h>

#include "select.h"
#include "source.h"
#include "sums.h"

/* How many are kept; of more, the oldest are forgotten. */
#define ENDED_MAX	1000

/**
 * struct ended_device - a device that has ended
 * @time: when it did, as now() says
 * @birth: since when it was counted, as now() says
 * @src: its namespace, of which nothing is open
 * @dev: the device, with its last counters
 */
struct ended_device {
	double time;
	double birth;
	struct source src;
	struct tapdrop_device dev;
};

/**
 * struct ended - devices that have ended
 * @list: those that are kept, the oldest first
 * @n: number of @list
 * @devices: how many have ended at all
 * @sums: what all of them lost
 */
struct ended {
	struct ended_device *list;
	size_t n;
	uint64_t devices;
	struct sums sums;
};

void ended_init(struct ended *e, const struct selector *sel);
void ended_add(struct ended *e, const struct source *src,
	       const struct tapdrop_device *dev, double time,
	       const struct selector *sel);
void ended_expire(struct ended *e, double seconds);
void ended_give_way(struct ended *e, const struct sources *s,
		    const struct selector *sel);
void ended_free(struct ended *e);

#endif /* _TAPDROP_ENDED_H */
