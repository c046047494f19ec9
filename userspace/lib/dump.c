// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-3-Clause
/* Questions with one answer: counters of devices, reasons of the kernel. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "file.h"
#include "moment.h"
#include "netlink.h"

/* How often to begin again when devices come and go during a dump. */
#define DUMP_ATTEMPTS	5

static int take_stats(const struct nlmsghdr *nlh, void *sink)
{
	int cmd = tapdrop_message_cmd(nlh);

	if (cmd != TAPDROP_CMD_STATS_GET)
		return cmd < 0 ? cmd : 0;
	return tapdrop_decode_stats(nlh, sink);
}

static int take_reason(const struct nlmsghdr *nlh, void *sink)
{
	int cmd = tapdrop_message_cmd(nlh);

	if (cmd != TAPDROP_CMD_REASON_GET)
		return cmd < 0 ? cmd : 0;
	return tapdrop_decode_reason(nlh, sink);
}

static int record_moment(struct tapdrop *td, const struct tapdrop_moment *moment)
{
	if (!td->record_path || !tapdrop_moment_put(&td->raw, moment))
		return 0;
	return tapdrop_fail(td, ENOMEM, "out of memory");
}

static int attempt(struct tapdrop *td, const struct tapdrop_stats_sink *sink)
{
	struct tapdrop_answer a = {
		.td = td,
		.fn = take_stats,
		.arg = (void *)sink,
	};
	int err;

	tapdrop_stats_reset(sink->stats);
	td->raw.len = 0;
	if (td->from_file) {
		a.moment = &sink->stats->moment;
		err = tapdrop_file_dump(td, &a);
	} else {
		tapdrop_moment_now(&sink->stats->moment);
		err = record_moment(td, &sink->stats->moment);
		if (!err)
			err = tapdrop_netlink_request(td, TAPDROP_CMD_STATS_GET,
						      NLM_F_DUMP, sink->filter,
						      &a);
	}
	sink->stats->inconsistent = a.interrupted;
	return err;
}

int tapdrop_dump(struct tapdrop *td, const struct tapdrop_filter *filter,
		 struct tapdrop_stats **stats)
{
	struct tapdrop_filter f = {};
	struct tapdrop_stats_sink sink = { .filter = &f };
	int err, i = 0;

	if (filter)
		f = *filter;
	if (!f.scope || td->from_file)
		f.scope = TAPDROP_SCOPE_QUEUE;
	sink.stats = tapdrop_stats_new();
	if (!sink.stats)
		return tapdrop_fail(td, ENOMEM, "out of memory");

	do {
		err = attempt(td, &sink);
	} while (!err && sink.stats->inconsistent && !td->from_file &&
		 ++i < DUMP_ATTEMPTS);
	if (!err)
		err = tapdrop_record_write(td);
	if (err) {
		tapdrop_stats_free(sink.stats);
		return err;
	}

	tapdrop_stats_seal(sink.stats);
	*stats = sink.stats;
	return 0;
}

int tapdrop_get(struct tapdrop *td, const struct tapdrop_filter *filter,
		struct tapdrop_stats **stats)
{
	struct tapdrop_filter f = *filter;
	struct tapdrop_stats_sink sink = { .filter = &f };
	struct tapdrop_answer a = {
		.td = td,
		.fn = take_stats,
		.arg = &sink,
	};
	int err;

	if (td->from_file)
		return tapdrop_fail(td, EOPNOTSUPP,
				    "a recording answers no single request");
	f.scope = f.has_queue || f.no_queue ? TAPDROP_SCOPE_QUEUE :
					      TAPDROP_SCOPE_DEVICE;
	f.delta = false;
	sink.stats = tapdrop_stats_new();
	if (!sink.stats)
		return tapdrop_fail(td, ENOMEM, "out of memory");

	err = tapdrop_netlink_request(td, TAPDROP_CMD_STATS_GET, NLM_F_ACK,
				      &f, &a);
	if (err) {
		tapdrop_stats_free(sink.stats);
		return err;
	}
	tapdrop_stats_seal(sink.stats);
	*stats = sink.stats;
	return 0;
}

/* Put the table and its strings into one block; turn offsets into pointers. */
static struct tapdrop_reason_info *
join_reasons(const struct tapdrop_reason_sink *sink)
{
	struct tapdrop_reason_info *infos, *info;
	const char *strings;

	infos = malloc(sink->infos.len + sink->strings.len + 1);
	if (!infos || !sink->infos.len)
		return infos;
	memcpy(infos, sink->infos.data, sink->infos.len);
	strings = (char *)infos + sink->infos.len;
	if (sink->strings.len)
		memcpy((char *)strings, sink->strings.data, sink->strings.len);

	for (info = infos; (const char *)info < strings; info++) {
		info->name = strings + (uintptr_t)info->name;
		info->skb_reason = strings + (uintptr_t)info->skb_reason;
		info->meaning = strings + (uintptr_t)info->meaning;
	}
	return infos;
}

int tapdrop_dump_reasons(struct tapdrop *td,
			 struct tapdrop_reason_info **reasons, size_t *n)
{
	struct tapdrop_reason_sink sink = {};
	struct tapdrop_answer a = {
		.td = td,
		.fn = take_reason,
		.arg = &sink,
	};
	int err;

	/* Offset 0 is the empty string, for what the kernel does not say. */
	err = tapdrop_buf_add(&sink.strings, "", 1);
	if (!err)
		err = td->from_file ? tapdrop_file_dump(td, &a) :
		      tapdrop_netlink_request(td, TAPDROP_CMD_REASON_GET,
					      NLM_F_DUMP, NULL, &a);
	if (!err) {
		*reasons = join_reasons(&sink);
		*n = sink.infos.len / sizeof(**reasons);
		if (!*reasons)
			err = tapdrop_fail(td, ENOMEM, "out of memory");
	}
	free(sink.infos.data);
	free(sink.strings.data);
	return err;
}
