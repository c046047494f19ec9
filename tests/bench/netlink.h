/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _BENCH_NETLINK_H
#define _BENCH_NETLINK_H

#include <stdint.h>

struct nlmsghdr;

/**
 * struct netlink_dump - what a dump took
 * @instructions: of the kernel, and of a caller who looks for the end
 * @calls:	number of receive calls
 * @bytes:	bytes received
 */
struct netlink_dump {
	uint64_t instructions;
	unsigned int calls;
	unsigned int bytes;
};

int netlink_open(int protocol);
int netlink_family(int fd, const char *name);
void netlink_dump(int fd, const struct nlmsghdr *request,
		  struct netlink_dump *dump,
		  void (*see)(const struct nlmsghdr *nlh, void *arg),
		  void *arg);

#endif /* _BENCH_NETLINK_H */
