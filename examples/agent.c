// SPDX-License-Identifier: GPL-2.0-only
/*
 * A monitoring agent on libtapdrop: prints what was lost since the last look,
 * once in an interval, and what a device still lost when it ends. It asks only
 * for what changed. It goes on when the module is unloaded, and when it is there
 * again.
 *
 *	cc -o agent agent.c $(pkg-config --cflags --libs libtapdrop)
 *	./agent [MILLISECONDS [LOOKS]]
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include <tapdrop.h>

/* What a counter said last; of a device that is not counted, that we said so. */
struct known {
	struct tapdrop_counter counter;
	uint32_t ifindex;
};

static struct known *known;
static size_t n_known;

static uint64_t *last_value(uint32_t ifindex, const struct tapdrop_counter *c)
{
	struct known *k;

	for (k = known; k < known + n_known; k++)
		if (k->ifindex == ifindex && k->counter.queue == c->queue &&
		    k->counter.dir == c->dir && k->counter.reason == c->reason)
			return &k->counter.packets;

	known = reallocarray(known, n_known + 1, sizeof(*known));
	if (!known)
		exit(1);
	k = &known[n_known++];
	*k = (struct known){ *c, ifindex };
	k->counter.packets = 0;
	return &k->counter.packets;
}

static void forget(uint32_t ifindex)
{
	size_t i, n = 0;

	for (i = 0; i < n_known; i++)
		if (known[i].ifindex != ifindex)
			known[n++] = known[i];
	n_known = n;
}

static void print(const struct tapdrop_device *dev,
		  const struct tapdrop_counter *c, uint64_t packets)
{
	const struct tapdrop_reason_info *info = tapdrop_reason_by_id(c->reason);

	printf("%s queue=%d %s %s +%" PRIu64 "\n",
	       dev->ifindex ? dev->ifname : "-", c->queue,
	       tapdrop_dir_name(c->dir), info ? info->name : "?", packets);
}

static void print_new(const struct tapdrop_device *dev)
{
	const struct tapdrop_counter none = { .queue = TAPDROP_ALL_QUEUES };
	const struct tapdrop_counter *c;
	uint64_t *was;

	if (dev->coverage == TAPDROP_COVERAGE_NONE &&
	    !(*last_value(dev->ifindex, &none))++)
		printf("%s is not counted\n", dev->ifname);

	tapdrop_for_each_counter(c, dev) {
		was = last_value(dev->ifindex, c);
		/* Less than before: the index is another device's by now. */
		if (c->packets != *was)
			print(dev, c, c->packets - (*was < c->packets ? *was : 0));
		*was = c->packets;
	}
}

/* Nobody counts it any more. It lives, and may have its counters again. */
static bool is_let_go(const struct tapdrop_device *dev)
{
	return dev->coverage == TAPDROP_COVERAGE_NONE && dev->n_counters;
}

int main(int argc, char **argv)
{
	int interval = argc > 1 ? atoi(argv[1]) : 1000;
	int looks = argc > 2 ? atoi(argv[2]) : -1, err;
	struct tapdrop_filter changed = { .delta = true };
	const struct tapdrop_device *dev;
	struct tapdrop_stats *stats;
	struct tapdrop_event event;
	struct tapdrop *td = NULL;
	struct pollfd fd;

	setlinebuf(stdout);
	for (; looks; looks -= looks > 0) {
		err = td ? 0 : tapdrop_open(&td) ?: tapdrop_subscribe(td);
		if (!err)
			err = tapdrop_dump(td, &changed, &stats);
		if (err) {		/* perhaps the module is not there */
			fprintf(stderr, "agent: %s\n", tapdrop_error(td));
			tapdrop_close(td);
			td = NULL;
			changed.cursor = 0;
			poll(NULL, 0, interval);
			continue;
		}
		tapdrop_for_each_device(dev, stats)
			print_new(dev);
		changed.cursor = tapdrop_stats_cursor(stats);
		tapdrop_stats_free(stats);

		fd = (struct pollfd){ .fd = tapdrop_fd(td), .events = POLLIN };
		while (poll(&fd, 1, interval) > 0 &&
		       tapdrop_next_event(td, &event) > 0) {
			if (event.type != TAPDROP_EVENT_DEL)
				continue;
			print_new(event.device);
			if (!is_let_go(event.device))
				forget(event.device->ifindex);
		}
	}
	free(known);
	tapdrop_close(td);
	return 0;
}
