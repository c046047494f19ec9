/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-3-Clause */
/* What the files of libtapdrop know of each other. */
#ifndef _LIBTAPDROP_INTERNAL_H
#define _LIBTAPDROP_INTERNAL_H

#include <stdio.h>

#include <linux/netlink.h>

#include "tapdrop.h"

/* Not in the header files of older distributions. */
#ifndef NLM_F_DUMP_INTR
#define NLM_F_DUMP_INTR 0x10
#endif

struct nl_sock;

/**
 * struct tapdrop_stats - see tapdrop.h
 * @devices: array of devices; their counters are set by tapdrop_stats_seal()
 * @counters: counters of all devices, in the devices' order
 * @n_devices: devices in use
 * @max_devices: devices allocated
 * @n_counters: counters in use
 * @max_counters: counters allocated
 * @inconsistent: a message had NLM_F_DUMP_INTR set
 */
struct tapdrop_stats {
	struct tapdrop_device *devices;
	struct tapdrop_counter *counters;
	size_t n_devices;
	size_t max_devices;
	size_t n_counters;
	size_t max_counters;
	bool inconsistent;
};

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
 * @event_sk: socket that has joined the group, or NULL
 * @route_sk: socket for standard counters, or NULL
 * @family: id of the family
 * @group: id of the multicast group
 * @from_file: @file takes the place of the kernel
 * @file: content of a recorded dump
 * @file_pos: how much of @file was read
 * @record: file that dumps are written to, or NULL
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
	uint16_t family;
	uint32_t group;
	bool from_file;
	struct tapdrop_buf file;
	size_t file_pos;
	FILE *record;
	struct tapdrop_buf raw;
	struct tapdrop_buf events;
	size_t events_pos;
	struct tapdrop_stats *pending;
	bool delivered;
	char error[512];
};

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
 */
struct tapdrop_answer {
	struct tapdrop *td;
	const struct nlmsghdr *request;
	uint32_t seq;
	tapdrop_message_fn fn;
	void *arg;
	bool interrupted;
};

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

/* handle.c */
int tapdrop_fail(struct tapdrop *td, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int tapdrop_handle_new(struct tapdrop **td);
int tapdrop_buf_add(struct tapdrop_buf *buf, const void *data, size_t len);

/* walk.c */
int tapdrop_walk(struct tapdrop_answer *a, const unsigned char *buf,
		 size_t len, size_t *used);

/* decode.c */
int tapdrop_decode_stats(const struct nlmsghdr *nlh, void *arg);
int tapdrop_decode_reason(const struct nlmsghdr *nlh, void *arg);
int tapdrop_decode_family(const struct nlmsghdr *nlh, void *arg);
int tapdrop_decode_link_stats(const struct nlmsghdr *nlh, void *arg);
int tapdrop_message_cmd(const struct nlmsghdr *nlh);
bool tapdrop_message_has(const struct nlmsghdr *nlh, int type);

/* stats.c */
struct tapdrop_stats *tapdrop_stats_new(void);
struct tapdrop_device *tapdrop_stats_add_device(struct tapdrop_stats *stats);
struct tapdrop_counter *tapdrop_stats_add_counter(struct tapdrop_stats *stats);
void tapdrop_stats_seal(struct tapdrop_stats *stats);
void tapdrop_stats_reset(struct tapdrop_stats *stats);

/* file.c */
int tapdrop_file_open(struct tapdrop *td, const char *path);
int tapdrop_file_dump(struct tapdrop *td, struct tapdrop_answer *a);
int tapdrop_record_write(struct tapdrop *td);

/* netlink.c */
int tapdrop_netlink_open(struct tapdrop *td);
void tapdrop_netlink_close(struct tapdrop *td);
int tapdrop_netlink_request(struct tapdrop *td, uint8_t cmd, uint16_t flags,
			    const struct tapdrop_filter *filter,
			    struct tapdrop_answer *a);
int tapdrop_netlink_join(struct tapdrop *td);
int tapdrop_netlink_events(struct tapdrop *td);

#endif /* _LIBTAPDROP_INTERNAL_H */
