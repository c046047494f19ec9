/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-3-Clause */
/* A handle, its error text, and bytes that grow. */
#ifndef _LIBTAPDROP_HANDLE_H
#define _LIBTAPDROP_HANDLE_H

#include <stdio.h>

#include "tapdrop.h"

struct nl_sock;

/**
 * struct tapdrop_buf - bytes that grow
 * @data: the bytes, aligned as malloc() does
 * @len: bytes in use
 * @max: bytes allocated
 */
struct tapdrop_buf {
	unsigned char *data;
	size_t len;
	size_t max;
};

/**
 * struct tapdrop - see tapdrop.h
 * @sk: socket of requests, or NULL
 * @event_sk: socket for events, or NULL
 * @route_sk: socket for standard counters, or NULL
 * @subscribed: @event_sk has joined the group
 * @family: id of the family
 * @group: id of the multicast group
 * @from_file: @file takes the place of the kernel
 * @file: content of a recorded dump
 * @file_pos: how much of @file was read
 * @path: where @file was read from, or NULL
 * @record_path: where to write what dumps receive, or NULL
 * @record: the file, or NULL before the first dump
 * @raw: messages of the current attempt, for @record
 * @events: messages received from @event_sk
 * @events_pos: how much of @events was read
 * @pending: device of the current event, of which more messages may come
 * @delivered: the event of @pending was handed out
 * @error: text of the last error
 */
struct tapdrop {
	struct nl_sock *sk;
	struct nl_sock *event_sk;
	struct nl_sock *route_sk;
	bool subscribed;
	uint16_t family;
	uint32_t group;
	bool from_file;
	struct tapdrop_buf file;
	size_t file_pos;
	char *path;
	char *record_path;
	FILE *record;
	struct tapdrop_buf raw;
	struct tapdrop_buf events;
	size_t events_pos;
	struct tapdrop_stats *pending;
	bool delivered;
	char error[512];
};

int tapdrop_fail(struct tapdrop *td, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int tapdrop_handle_new(struct tapdrop **td);
int tapdrop_buf_add(struct tapdrop_buf *buf, const void *data, size_t len);

#endif /* _LIBTAPDROP_HANDLE_H */
