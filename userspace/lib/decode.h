/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-3-Clause */
/* What is in the messages. */
#ifndef _LIBTAPDROP_DECODE_H
#define _LIBTAPDROP_DECODE_H

#include <stdbool.h>

#include <linux/netlink.h>

#include "handle.h"
#include "stats.h"

/**
 * struct tapdrop_stats_sink - argument of tapdrop_decode_stats()
 * @filter: what to keep
 * @stats: where to put it
 */
struct tapdrop_stats_sink {
	const struct tapdrop_filter *filter;
	struct tapdrop_stats *stats;
};

/**
 * struct tapdrop_reason_sink - argument of tapdrop_decode_reason()
 * @infos: array of &struct tapdrop_reason_info, with offsets for strings
 * @strings: the strings
 */
struct tapdrop_reason_sink {
	struct tapdrop_buf infos;
	struct tapdrop_buf strings;
};

int tapdrop_decode_stats(const struct nlmsghdr *nlh, void *arg);
int tapdrop_decode_reason(const struct nlmsghdr *nlh, void *arg);
int tapdrop_decode_family(const struct nlmsghdr *nlh, void *arg);
int tapdrop_decode_link(const struct nlmsghdr *nlh, void *arg);
int tapdrop_decode_belongs(const struct nlmsghdr *nlh, void *arg);
int tapdrop_decode_link_stats(const struct nlmsghdr *nlh, void *arg);
int tapdrop_message_cmd(const struct nlmsghdr *nlh);
bool tapdrop_message_has(const struct nlmsghdr *nlh, int type);

#endif /* _LIBTAPDROP_DECODE_H */
