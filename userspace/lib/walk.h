/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-3-Clause */
/* The answer to a request, message by message. */
#ifndef _LIBTAPDROP_WALK_H
#define _LIBTAPDROP_WALK_H

#include <stddef.h>
#include <stdint.h>

#include <linux/netlink.h>

#include "handle.h"

/* Not in the header files of older distributions. */
#ifndef NLM_F_DUMP_INTR
#define NLM_F_DUMP_INTR 0x10
#endif

/**
 * typedef tapdrop_message_fn - takes one message of an answer
 * @nlh: the message
 * @arg: of &struct tapdrop_answer
 *
 * Return: 0, or a negative errno that ends the walk.
 */
typedef int (*tapdrop_message_fn)(const struct nlmsghdr *nlh, void *arg);

/**
 * struct tapdrop_answer - how to read the answer to one request
 * @td: handle, for its error text
 * @request: the request, to tell which attribute the kernel did not like, or
 *	NULL
 * @seq: sequence number of the request; messages of others are skipped. 0
 *	takes all.
 * @fn: takes the messages
 * @arg: argument of @fn
 * @interrupted: set when a message had NLM_F_DUMP_INTR
 * @moment: set if a recording says when it was; may be NULL
 */
struct tapdrop_answer {
	struct tapdrop *td;
	const struct nlmsghdr *request;
	uint32_t seq;
	tapdrop_message_fn fn;
	void *arg;
	bool interrupted;
	struct tapdrop_moment *moment;
};

int tapdrop_walk(struct tapdrop_answer *a, const unsigned char *buf,
		 size_t len, size_t *used);

#endif /* _LIBTAPDROP_WALK_H */
