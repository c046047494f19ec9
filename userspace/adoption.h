/* SPDX-License-Identifier: GPL-2.0-only */
/* How far the livepatch of tapdrop attach has come with the devices. */
#ifndef _TAPDROP_ADOPTION_H
#define _TAPDROP_ADOPTION_H

#include <stdbool.h>

#include "sysfs.h"

/* What to say if devices are left: of their number, and "" if it is one; what then */
#define ADOPTION_LEFT	"%llu device%s of this or other network namespaces %s not counted"
#define ADOPTION_AGAIN	"'tapdrop -all-netns' says which; one that is set down and up is tried again"

/**
 * struct adoption - what it says, of all network namespaces
 * @known: whether it says anything; an older one does not
 * @settled: all devices that were there when it came were looked at
 * @uncounted: how many devices are not counted, as memory was short
 */
struct adoption {
	bool known;
	bool settled;
	unsigned long long uncounted;
};

void adoption_read(struct adoption *a, const struct sysfs *sys);

#endif /* _TAPDROP_ADOPTION_H */
