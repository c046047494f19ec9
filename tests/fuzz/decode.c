// SPDX-License-Identifier: GPL-2.0-only
/*
 * Feed libtapdrop with hostile messages: as a recorded dump, as events, as the
 * kernel's table of reasons, as its description of the family and as standard
 * counters. What comes out must hold together, whatever came in.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "handle.h"
#include "walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads all that there is to read, so that no part of it can be out of bounds. */
static void check_device(const struct tapdrop_device *dev)
{
	const struct tapdrop_counter *c;
	uint64_t sum = 0;

	if (strnlen(dev->ifname, sizeof(dev->ifname)) == sizeof(dev->ifname))
		abort();
	tapdrop_for_each_counter(c, dev) {
		if (c->dir != TAPDROP_DIR_TO_USER &&
		    c->dir != TAPDROP_DIR_FROM_USER)
			abort();
		if (c->queue < TAPDROP_NO_QUEUE)
			abort();
		sum += c->packets;
	}
	if (!dev->n_counters && dev->lost_to_user + dev->lost_from_user != sum)
		abort();
}

static void check_dumps(struct tapdrop *td, const struct tapdrop_filter *filter)
{
	const struct tapdrop_device *dev;
	struct tapdrop_stats *stats;
	size_t n;

	td->file_pos = 0;
	while (!tapdrop_dump(td, filter, &stats)) {
		n = 0;
		tapdrop_for_each_device(dev, stats) {
			check_device(dev);
			n++;
		}
		if (n != tapdrop_stats_count(stats))
			abort();
		tapdrop_stats_free(stats);
	}
	if (!*tapdrop_error(td))
		abort();
}

static void check_events(struct tapdrop *td)
{
	struct tapdrop_event event;
	int ret;

	td->file_pos = 0;
	do {
		ret = tapdrop_next_event(td, &event);
		if (ret > 0)
			check_device(event.device);
	} while (ret > 0);
}

static void check_reasons(struct tapdrop *td)
{
	struct tapdrop_reason_info *reasons;
	size_t i, n, len = 0;

	td->file_pos = 0;
	if (tapdrop_dump_reasons(td, &reasons, &n))
		return;
	for (i = 0; i < n; i++)
		len += strlen(reasons[i].name) + strlen(reasons[i].skb_reason) +
		       strlen(reasons[i].meaning);
	if (len > 2 * td->file.len)
		abort();
	free(reasons);
}

/* Answers that never come from a file; the request is the data, too. */
static void check_answers(struct tapdrop *td)
{
	struct tapdrop_buf links = {}, belongs = {};
	struct tapdrop_answer family = {
		.td = td,
		.fn = tapdrop_decode_family,
		.arg = td,
	};
	struct tapdrop_answer stats = {
		.td = td,
		.fn = tapdrop_decode_link_stats,
		.arg = &links,
	};
	struct tapdrop_answer link = {
		.td = td,
		.fn = tapdrop_decode_belongs,
		.arg = &belongs,
	};
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)td->file.data;

	if (td->file.len >= NLMSG_HDRLEN && nlh->nlmsg_len <= td->file.len)
		family.request = nlh;
	tapdrop_walk(&family, td->file.data, td->file.len, NULL);
	tapdrop_walk(&stats, td->file.data, td->file.len, NULL);
	tapdrop_walk(&link, td->file.data, td->file.len, NULL);
	free(links.data);
	free(belongs.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct tapdrop_filter filter = {
		.dir = TAPDROP_DIR_TO_USER,
		.reasons = 1ULL << TAPDROP_REASON_PTR_FULL,
		.has_queue = true,
		.zeros = true,
	};
	struct tapdrop *td;

	if (tapdrop_handle_new(&td))
		return 0;
	td->from_file = true;
	/* No room behind the data, so that reading there is noticed. */
	td->file.data = malloc(size ? size : 1);
	memcpy(td->file.data, data, size);
	td->file.len = size;

	check_dumps(td, NULL);
	check_dumps(td, &filter);
	check_events(td);
	check_reasons(td);
	if (size)
		check_answers(td);
	tapdrop_close(td);
	return 0;
}
