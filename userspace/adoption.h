/* SPDX-License-Identifier: GPL-2.0-only */
/* How far the livepatch of tapdrop attach has come with the devices. */
#ifndef _TAPDROP_ADOPTION_H
#define _TAPDROP_ADOPTION_H

#include <stdbool.h>

#include "sysfs.h"

/* What to say if memory was short: of their number, "s" if it is not one; what then */
#define ADOPTION_FAILED	"memory was short %llu time%s, so that a device of this or another network namespace may not be counted"
#define ADOPTION_AGAIN	"'tapdrop -all-netns' says which; 'tapdrop detach' and 'tapdrop attach' try again"

/**
 * struct adoption - what it says, of all network namespaces
 * @known: whether it says anything; an older one does not
 * @settled: all devices that were there when it came were looked at
 * @failed: how often memory was too short to count a device since then
 */
struct adoption {
	bool known;
	bool settled;
	unsigned long long failed;
};

void adoption_read(struct adoption *a, const struct sysfs *sys);

#endif /* _TAPDROP_ADOPTION_H */
