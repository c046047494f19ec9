// SPDX-License-Identifier: GPL-2.0-only
/* How far the livepatch of tapdrop attach has come with the devices. */
#include <stdlib.h>

#include "adoption.h"

#define SETTLED		"sys/module/" SYSFS_ATTACH_MODULE "/parameters/settled"
#define UNCOUNTED	"sys/module/tapdrop/parameters/uncounted"

/**
 * adoption_read() - ask how far it has come
 * @a: where to put it
 * @sys: system to look at
 */
void adoption_read(struct adoption *a, const struct sysfs *sys)
{
	char settled[8] = "N", uncounted[32] = "0";

	*a = (struct adoption){};
	a->known = sysfs_exists(sys, SETTLED);
	sysfs_read(sys, settled, sizeof(settled), SETTLED);
	sysfs_read(sys, uncounted, sizeof(uncounted), UNCOUNTED);
	a->settled = *settled == 'Y';
	a->uncounted = strtoull(uncounted, NULL, 10);
}
