/* SPDX-License-Identifier: GPL-2.0-only */
/* Who keeps a stock driver in use, and what replaces it once they are gone. */
#ifndef _TAPDROP_DRAIN_H
#define _TAPDROP_DRAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "holder_scan.h"
#include "sysfs.h"

/**
 * struct drain - a system whose drivers are to be replaced
 * @sys: the system
 * @users: who has queues open, if it was looked for
 * @looked: it was
 * @complete: these are all
 */
struct drain {
	struct sysfs sys;
	struct holders users;
	bool looked;
	bool complete;
};

void drain_users(struct drain *drain, const char *driver, char *dst,
		 size_t size);
void drain_command(const struct sysfs *sys, char *dst, size_t size);
void drain_end(struct drain *drain);

#endif /* _TAPDROP_DRAIN_H */
