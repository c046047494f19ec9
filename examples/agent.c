// SPDX-License-Identifier: GPL-2.0-only
/*
 * A monitoring agent on libtapdrop: prints what was lost since the last look,
 * once in an interval, and what a device still lost when it ends. It goes on
 * when the module is unloaded, and when it is there again.
 *
 *	cc -o agent agent.c $(pkg-config --cflags --libs libtapdrop)
 *	./agent [MILLISECONDS [LOOKS]]
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include <tapdrop.h>

static void print(const struct tapdrop_device *dev,
		  const struct tapdrop_counter *c, uint64_t packets)
{
	const struct tapdrop_reason_info *info = tapdrop_reason_by_id(c->reason);

	printf("%s queue=%d %s %s +%" PRIu64 "\n",
	       dev->ifindex ? dev->ifname : "-", c->queue,
	       tapdrop_dir_name(c->dir), info ? info->name : "?", packets);
}

static const struct tapdrop_device *find(const struct tapdrop_stats *stats,
					 uint32_t ifindex)
{
	const struct tapdrop_device *dev;

	if (stats)
		tapdrop_for_each_device(dev, stats)
			if (dev->ifindex == ifindex)
				return dev;
	return NULL;
}

/* What the same counter said before; 0 for one that was not there. */
static uint64_t before(const struct tapdrop_stats *old, uint32_t ifindex,
		       const struct tapdrop_counter *c)
{
	const struct tapdrop_device *dev = find(old, ifindex);
	const struct tapdrop_counter *o;

	if (dev)
		tapdrop_for_each_counter(o, dev)
			if (o->queue == c->queue && o->dir == c->dir &&
			    o->reason == c->reason)
				return o->packets;
	return 0;
}

static void print_deltas(const struct tapdrop_device *dev,
			 const struct tapdrop_stats *old)
{
	const struct tapdrop_counter *c;
	uint64_t was;

	tapdrop_for_each_counter(c, dev) {
		was = before(old, dev->ifindex, c);
		/* Less than before: the index is another device's by now. */
		if (c->packets != was)
			print(dev, c, c->packets - (was < c->packets ? was : 0));
	}
}

int main(int argc, char **argv)
{
	int interval = argc > 1 ? atoi(argv[1]) : 1000;
	int looks = argc > 2 ? atoi(argv[2]) : -1, err;
	struct tapdrop_stats *old = NULL, *new;
	const struct tapdrop_device *dev;
	struct tapdrop_event event;
	struct tapdrop *td = NULL;
	struct pollfd fd;

	setlinebuf(stdout);
	for (; looks; looks -= looks > 0) {
		err = td ? 0 : tapdrop_open(&td) ?: tapdrop_subscribe(td);
		if (!err)
			err = tapdrop_dump(td, NULL, &new);
		if (err) {		/* perhaps the module is not there */
			fprintf(stderr, "agent: %s\n", tapdrop_error(td));
			tapdrop_close(td);
			td = NULL;
			poll(NULL, 0, interval);
			continue;
		}
		tapdrop_for_each_device(dev, new) {
			if (dev->coverage == TAPDROP_COVERAGE_NONE &&
			    !find(old, dev->ifindex))
				printf("%s is not counted\n", dev->ifname);
			print_deltas(dev, old);
		}
		tapdrop_stats_free(old);
		old = new;

		fd = (struct pollfd){ .fd = tapdrop_fd(td), .events = POLLIN };
		while (poll(&fd, 1, interval) > 0 &&
		       tapdrop_next_event(td, &event) > 0)
			if (event.type == TAPDROP_EVENT_DEL)
				print_deltas(event.device, old);
	}
	tapdrop_stats_free(old);
	tapdrop_close(td);
	return 0;
}
