/* SPDX-License-Identifier: GPL-2.0-only */
/* Which processes have the queues of a device open. */
#ifndef _TAPDROP_HOLDER_H
#define _TAPDROP_HOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "holder_scan.h"
#include "lib/tapdrop.h"

/**
 * struct holder_net - a network namespace to look for devices in
 * @netns: its number, or 0
 * @sysfs: descriptor of a /sys, or not above 0
 * @exact: @sysfs is that of the namespace for sure
 */
struct holder_net {
	uint64_t netns;
	int sysfs;
	bool exact;
};

/**
 * struct held - a process that has queues of a device
 * @by: the process
 * @fds: number of its descriptors of queues of that device
 * @certain: that it is this device, and not one of the same name in another
 *	network namespace
 */
struct held {
	const struct holder *by;
	unsigned int fds;
	bool certain;
};

/**
 * struct held_by - who has queues of a device
 * @list: the processes
 * @n: number of @list
 * @complete: there is nobody else
 */
struct held_by {
	struct held *list;
	size_t n;
	bool complete;
};

void holder_net_open(struct holder_net *net, const char *root, int netns_fd);
void holder_net_close(struct holder_net *net);
void holders_of(const struct holders *h, const struct holder_net *net,
		const struct tapdrop_device *dev, struct held_by *held);
bool holder_alias(const struct holder_net *net,
		  const struct tapdrop_device *dev, char *dst, size_t size);

#endif /* _TAPDROP_HOLDER_H */
