/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters over time: what grew since the last look, and in the last minute. */
#ifndef _TAPDROP_HISTORY_H
#define _TAPDROP_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/tapdrop.h"
#include "select.h"
#include "source.h"

/* The last minute, in steps of three seconds. */
#define HISTORY_CELLS	20
#define HISTORY_STEP	3

/**
 * struct row - a counter over time
 * @src: index of its source
 * @ifindex: its device
 * @queue: its queue
 * @dir: its direction
 * @reason: its reason
 * @dev: the device as it is now
 * @counter: the counter as it is now
 * @packets: its value, also when @counter has been freed
 * @delta: how much it grew since the last look
 * @known: all that it grew is counted, so that it has a rate
 * @cells: how much it grew in each step, the last one now
 */
struct row {
	size_t src;
	uint32_t ifindex;
	int32_t queue;
	uint32_t dir;
	uint32_t reason;
	const struct tapdrop_device *dev;
	const struct tapdrop_counter *counter;
	uint64_t packets;
	uint64_t delta;
	bool known;
	uint64_t cells[HISTORY_CELLS];
};

/**
 * struct watched - a device that there was at the last look
 * @src: index of its source
 * @ifindex: its index
 * @counted: it was counted
 * @born: since when, in milliseconds; on the clock of moments, if they are known
 * @known: it was counted here all the time since the look before
 */
struct watched {
	size_t src;
	uint32_t ifindex;
	bool counted;
	int64_t born;
	bool known;
};

/**
 * struct history - all counters over time
 * @rows: the counters that there are now, sorted by what they belong to
 * @n: number of @rows
 * @max: room for so many
 * @devices: the devices that there are now, sorted
 * @n_devices: number of @devices
 * @max_devices: room for so many
 * @looks: how often we have looked
 * @time: when we looked last, in seconds
 * @elapsed: seconds between the last two looks
 */
struct history {
	struct row *rows;
	size_t n;
	size_t max;
	struct watched *devices;
	size_t n_devices;
	size_t max_devices;
	unsigned int looks;
	double time;
	double elapsed;
};

void history_look(struct history *h, const struct sources *s,
		  const struct selector *sel, double time);
bool history_knows(const struct history *h, const struct row *row);
bool history_has_part(const struct history *h, size_t src,
		      const struct tapdrop_device *dev);
double history_rate(const struct history *h, const struct row *row);
double history_loss_rate(const struct history *h, const struct sources *s);
const struct row *history_find(const struct history *h, size_t src,
			       const struct tapdrop_device *dev,
			       const struct tapdrop_counter *c);
void history_free(struct history *h);

#endif /* _TAPDROP_HISTORY_H */
