// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-3-Clause
/* Devices that come and go, one event at a time. */
#include <errno.h>
#include <linux/genetlink.h>
#include <string.h>

#include "decode.h"
#include "file.h"
#include "netlink.h"

static const struct tapdrop_filter everything = {
	.scope = TAPDROP_SCOPE_QUEUE,
	.zeros = true,
};

struct event_sink {
	struct tapdrop *td;
	struct tapdrop_stats_sink stats;
	struct tapdrop_event *event;
};

/* A module that is loaded again does not know who has subscribed. */
static int take_family(const struct nlmsghdr *nlh, struct tapdrop *td)
{
	uint16_t family = td->family;
	int err;

	if (td->from_file || tapdrop_message_cmd(nlh) != CTRL_CMD_NEWFAMILY)
		return 0;
	err = tapdrop_decode_family(nlh, td);
	if (err || td->family == family)
		return err;
	return tapdrop_netlink_join(td);
}

static enum tapdrop_event_type event_type(const struct nlmsghdr *nlh, int cmd)
{
	if (cmd == TAPDROP_CMD_DEVICE_ADD_NTF)
		return TAPDROP_EVENT_ADD;
	return tapdrop_message_has(nlh, TAPDROP_A_STATS_MOVED) ?
	       TAPDROP_EVENT_MOVE : TAPDROP_EVENT_DEL;
}

/* The message without queue-id is the last one of an event. */
static int take_event(const struct nlmsghdr *nlh, void *arg)
{
	struct event_sink *sink = arg;
	int cmd, err;

	if (nlh->nlmsg_type == GENL_ID_CTRL)
		return take_family(nlh, sink->td);
	cmd = tapdrop_message_cmd(nlh);
	if (cmd != TAPDROP_CMD_DEVICE_ADD_NTF &&
	    cmd != TAPDROP_CMD_DEVICE_DEL_NTF)
		return cmd < 0 ? cmd : 0;
	err = tapdrop_decode_stats(nlh, &sink->stats);
	if (err || tapdrop_message_has(nlh, TAPDROP_A_STATS_QUEUE_ID))
		return err;
	sink->event->type = event_type(nlh, cmd);
	return 1;
}

/*
 * Make sure that there are messages to read. A file has all of them; the kernel
 * sends one datagram at a time.
 */
static int refill(struct tapdrop *td)
{
	if (td->from_file)
		return 0;
	td->events.len = 0;
	td->events_pos = 0;
	return tapdrop_netlink_events(td);
}

static int read_event(struct tapdrop *td, struct tapdrop_answer *a)
{
	struct tapdrop_buf *buf = td->from_file ? &td->file : &td->events;
	size_t *pos = td->from_file ? &td->file_pos : &td->events_pos;
	size_t used;
	int ret;

	for (;;) {
		if (*pos < buf->len) {
			ret = tapdrop_walk(a, buf->data + *pos,
					   buf->len - *pos, &used);
			*pos += used;
			if (ret)
				return ret;
		}
		ret = refill(td);
		if (ret <= 0)
			return ret;
	}
}

int tapdrop_next_event(struct tapdrop *td, struct tapdrop_event *event)
{
	struct event_sink sink = {
		.td = td,
		.stats.filter = &everything,
		.event = event,
	};
	struct tapdrop_answer a = {
		.td = td,
		.fn = take_event,
		.arg = &sink,
	};
	size_t n;
	int ret;

	if (!td->from_file && !td->subscribed)
		return tapdrop_fail(td, ENOTCONN, "the handle has not subscribed");
	if (!td->pending)
		td->pending = tapdrop_stats_new();
	if (!td->pending)
		return tapdrop_fail(td, ENOMEM, "out of memory");
	if (td->delivered)
		tapdrop_stats_reset(td->pending);
	td->delivered = false;
	sink.stats.stats = td->pending;

	event->type = 0;
	do {
		ret = read_event(td, &a);
	} while (ret > 0 && !event->type);
	if (td->from_file && (ret == -EBADMSG || (!ret && td->pending->n_devices)))
		return tapdrop_file_fail(td, !ret);
	if (ret <= 0)
		return ret;

	tapdrop_stats_seal(td->pending);
	n = td->pending->n_devices;
	if (!n)
		return tapdrop_fail(td, EBADMSG, "an event is of no device");
	event->device = &td->pending->devices[n - 1];
	td->delivered = true;
	return 1;
}
