// SPDX-License-Identifier: GPL-2.0-only
/* How far the livepatch of tapdrop attach has come with the devices. */
#include <stdlib.h>

#include "adoption.h"

#define PARAMETERS	"sys/module/" SYSFS_ATTACH_MODULE "/parameters"

/**
 * adoption_read() - ask how far it has come
 * @a: where to put it
 * @sys: system to look at
 */
void adoption_read(struct adoption *a, const struct sysfs *sys)
{
	char settled[8] = "N", failed[32] = "0";

	*a = (struct adoption){};
	a->known = sysfs_exists(sys, PARAMETERS "/settled");
	sysfs_read(sys, settled, sizeof(settled), PARAMETERS "/settled");
	sysfs_read(sys, failed, sizeof(failed), PARAMETERS "/failed");
	a->settled = *settled == 'Y';
	a->failed = strtoull(failed, NULL, 10);
}
