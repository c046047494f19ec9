/* SPDX-License-Identifier: GPL-2.0-only */
/* Devices of all sources, and where they are. */
#ifndef _TAPDROP_PLACE_H
#define _TAPDROP_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/tapdrop.h"
#include "select.h"
#include "source.h"

/*
 * Births are told by the age of a device, in a dump of which only the beginning
 * is known, so that they are as inexact as that takes long.
 */
#define PLACE_SLACK_MS	1000

/**
 * struct place - a device, and where it is
 * @src: its source
 * @dev: the device
 */
struct place {
	const struct source *src;
	const struct tapdrop_device *dev;
};

/** for_each_selected() - walk through the selected devices of all sources. */
#define for_each_selected(at, s, sel)					\
	for ((at) = (struct place){}; next_selected(&(at), s, sel); )

bool next_selected(struct place *place, const struct sources *s,
		   const struct selector *sel);

size_t count_uncounted(const struct sources *s, const struct selector *sel);
bool any_counted_later(const struct sources *s, const struct selector *sel);
const struct tapdrop_link_stats *source_link(const struct source *src,
					     const struct tapdrop_device *dev);

/* Room for NETNS/DEVICE with every byte escaped. */
#define DEVICE_NAME	2048
bool is_older_than(const struct tapdrop_device *dev, int64_t ms);
const char *device_name(char dst[DEVICE_NAME], const struct source *src,
			const struct tapdrop_device *dev);

#endif /* _TAPDROP_PLACE_H */
