/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters and what is known of them, as Prometheus and OpenMetrics want them. */
#ifndef _TAPDROP_METRICS_H
#define _TAPDROP_METRICS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "select.h"
#include "source.h"

struct ended;

/**
 * struct metrics - what to write
 * @open_metrics: OpenMetrics rather than the text format of Prometheus
 * @s: sources, with their counters
 * @sel: selection
 * @up: whether the family answers
 * @complete: whether all counters were read, and in one piece
 * @duration: seconds that it took
 * @ended: devices that have ended, or NULL if nobody has listened
 * @lost_events: how often events were lost
 */
struct metrics {
	bool open_metrics;
	const struct sources *s;
	const struct selector *sel;
	bool up;
	bool complete;
	double duration;
	const struct ended *ended;
	uint64_t lost_events;
};

void metrics_put(FILE *f, void *arg);

#endif /* _TAPDROP_METRICS_H */
