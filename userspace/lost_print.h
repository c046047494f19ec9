/* SPDX-License-Identifier: GPL-2.0-only */
/* Lost frames and flows, for people and for programs. */
#ifndef _TAPDROP_LOST_PRINT_H
#define _TAPDROP_LOST_PRINT_H

#include <stdbool.h>
#include <stdint.h>

#include "flows.h"
#include "lost.h"

/**
 * struct teller - what there is to know to tell of lost frames
 * @offset: CLOCK_REALTIME less CLOCK_MONOTONIC, in seconds
 * @netns_name: names a network namespace, or NULL for the one we are in
 * @arg: argument of it
 */
struct teller {
	double offset;
	const char *(*netns_name)(uint32_t netns, const void *arg);
	const void *arg;
};

void lost_print(const struct teller *t, const struct lost *lost);
void lost_print_gap(uint64_t events);
void lost_print_untraced(size_t devices, bool in_part);
void lost_print_flows(const struct teller *t, const struct flows *f);

#endif /* _TAPDROP_LOST_PRINT_H */
