// SPDX-License-Identifier: GPL-2.0-only
/* Devices here that nobody counts, of whose driver something else was expected. */
#include <stdbool.h>
#include <string.h>

#include "lib/tapdrop.h"
#include "select.h"
#include "uncounted.h"

static bool is_of(const char *driver, const struct tapdrop_device *dev)
{
	bool on_tap = dev->kind == TAPDROP_KIND_MACVTAP ||
		      dev->kind == TAPDROP_KIND_IPVTAP;

	return !driver || on_tap == !strcmp(driver, "tap");
}

/**
 * uncounted_of() - how many devices of a driver are not counted?
 * @driver: "tun" or "tap"; or NULL, for both
 *
 * Return: their number in this network namespace; 0 also if the family does not
 * answer.
 */
size_t uncounted_of(const char *driver)
{
	const struct tapdrop_device *dev;
	struct tapdrop_stats *stats = NULL;
	struct tapdrop *td;
	size_t n = 0;

	if (!tapdrop_open(&td) && !tapdrop_dump(td, NULL, &stats)) {
		tapdrop_for_each_device(dev, stats)
			n += !is_counted(dev) && is_of(driver, dev);
	}
	tapdrop_stats_free(stats);
	tapdrop_close(td);
	return n;
}
