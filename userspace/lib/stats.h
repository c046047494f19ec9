/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-3-Clause */
/* The answer to a request: devices and counters, each in one array. */
#ifndef _LIBTAPDROP_STATS_H
#define _LIBTAPDROP_STATS_H

#include <stdbool.h>
#include <stddef.h>

#include "handle.h"

/**
 * struct tapdrop_stats - see tapdrop.h
 * @devices: array of devices; their counters are set by tapdrop_stats_seal()
 * @counters: counters of all devices, in the devices' order
 * @n_devices: devices in use
 * @max_devices: devices allocated
 * @n_counters: counters in use
 * @max_counters: counters allocated
 * @inconsistent: a message had NLM_F_DUMP_INTR set
 * @moment: when it was read; all zero if that is not known
 * @cursor: where the dump began, or 0
 * @generation: of the devices that there were then, or 0
 * @aliases: those of devices, one behind the other
 */
struct tapdrop_stats {
	struct tapdrop_device *devices;
	struct tapdrop_counter *counters;
	size_t n_devices;
	size_t max_devices;
	size_t n_counters;
	size_t max_counters;
	bool inconsistent;
	struct tapdrop_moment moment;
	uint64_t cursor;
	uint32_t generation;
	struct tapdrop_buf aliases;
};

struct tapdrop_stats *tapdrop_stats_new(void);
struct tapdrop_device *tapdrop_stats_add_device(struct tapdrop_stats *stats);
struct tapdrop_counter *tapdrop_stats_add_counter(struct tapdrop_stats *stats);
int tapdrop_stats_set_alias(struct tapdrop_stats *stats,
			    struct tapdrop_device *dev, const char *alias);
void tapdrop_stats_seal(struct tapdrop_stats *stats);
void tapdrop_stats_reset(struct tapdrop_stats *stats);

#endif /* _LIBTAPDROP_STATS_H */
