/* SPDX-License-Identifier: GPL-2.0-only */
/* Which processes have the queues of a device open. */
#ifndef _TAPDROP_HOLDER_H
#define _TAPDROP_HOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "guest.h"
#include "lib/tapdrop.h"

/**
 * struct holder - a process with queues
 * @pid: its number
 * @command: its name, of any bytes
 * @guest: for whom it runs
 * @netns: number of its network namespace, or 0
 * @vhost: it has /dev/vhost-net open, too
 */
struct holder {
	int pid;
	char command[64];
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

int holders_read(struct holders *h, const char *root);
void holders_free(struct holders *h);
void holder_net_open(struct holder_net *net, const char *root, int netns_fd);
void holder_net_close(struct holder_net *net);
void holders_of(const struct holders *h, const struct holder_net *net,
		const struct tapdrop_device *dev, struct held_by *held);
bool holder_alias(const struct holder_net *net,
		  const struct tapdrop_device *dev, char *dst, size_t size);

#endif /* _TAPDROP_HOLDER_H */
