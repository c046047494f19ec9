// SPDX-License-Identifier: GPL-2.0-only
/* Devices here that nobody counts, of whose driver something else was expected. */
#include <stdbool.h>
#include <stdio.h>
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
 * uncounted_read() - find out how many devices of a driver are not counted
 * @u: where to put it
 * @driver: "tun" or "tap"; or NULL, for both
 */
void uncounted_read(struct uncounted *u, const char *driver)
{
	const struct tapdrop_device *dev;
	struct tapdrop_stats *stats = NULL;
	struct tapdrop *td;

	*u = (struct uncounted){};
	if (tapdrop_open(&td) || tapdrop_dump(td, NULL, &stats)) {
		snprintf(u->error, sizeof(u->error), "%s", tapdrop_error(td));
	} else {
		tapdrop_for_each_device(dev, stats)
			u->n += !is_counted(dev) && is_of(driver, dev);
	}
	tapdrop_stats_free(stats);
	tapdrop_close(td);
}
