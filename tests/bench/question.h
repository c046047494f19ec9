/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _BENCH_QUESTION_H
#define _BENCH_QUESTION_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#include "netlink.h"

/**
 * struct question - a dump request
 * @who: short name of what is asked
 * @fd: socket
 * @genetlink: the answer has counters of the tapdrop family
 * @nlh: header
 * @body: what follows it
 */
struct question {
	const char *who;
	int fd;
	bool genetlink;
	struct nlmsghdr nlh;
	unsigned char body[32];
};

/**
 * struct counters - what is in an answer
 * @number: number of counters
 * @bytes: bytes of them
 * @cursor: its cursor, or 0
 */
struct counters {
	unsigned int number;
	unsigned int bytes;
	uint64_t cursor;
};

void question_getlink(struct question *q);
void question_getstats(struct question *q);
void question_tapdrop(struct question *q, const char *who, uint32_t scope);
void question_zeros(struct question *q);
void question_since(struct question *q, uint64_t cursor);
void question_ask(const struct question *q, struct netlink_dump *dump,
		  void (*see)(const struct nlmsghdr *nlh, void *arg),
		  void *arg);
void counters_add(const struct nlmsghdr *nlh, void *arg);

#endif /* _BENCH_QUESTION_H */
