/* SPDX-License-Identifier: GPL-2.0-only */
/* The queues that processes have open. */
#ifndef _TAPDROP_HOLDER_SCAN_H
#define _TAPDROP_HOLDER_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "guest.h"
#include "lib/tapdrop.h"

/**
 * struct holder - a process with queues
 * @pid: its number
 * @command: its name, of any bytes; NULL if that cannot be read
 * @guest: for whom it runs, if one of its queues has a device
 * @netns: number of its network namespace, or 0
 * @vhost: it has /dev/vhost-net open, too
 */
struct holder {
	int pid;
	char *command;
	struct guest guest;
	uint64_t netns;
	bool vhost;
};

/**
 * struct holder_fd - a descriptor of a queue
 * @holder: index of the process
 * @tap: of a macvtap or ipvtap device rather than of tun
 * @ifname: device of a tun queue, attached or not; empty if it has none
 * @ifindex: number in the name of the node of a tap queue, or 0
 * @rdev: its device number, or 0 if that is not known
 * @netns: number of the network namespace of the device, or 0
 */
struct holder_fd {
	size_t holder;
	bool tap;
	char ifname[TAPDROP_IFNAMSIZ];
	uint32_t ifindex;
	dev_t rdev;
	uint64_t netns;
};

/**
 * struct holders - all queues that processes have open
 * @root: directory in front of /proc and /sys; "" for the running system
 * @list: the processes
 * @n: number of @list
 * @fds: the descriptors
 * @n_fds: number of @fds
 * @majors: of the nodes of macvtap and ipvtap
 * @complete: no process was hidden
 */
struct holders {
	const char *root;
	struct holder *list;
	size_t n;
	struct holder_fd *fds;
	size_t n_fds;
	unsigned int majors[2];
	bool complete;
};

int holders_read(struct holders *h, const char *root);
void holders_free(struct holders *h);

#endif /* _TAPDROP_HOLDER_SCAN_H */
