// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs to read the counters: "tapbench dump MAX LOSING" prints, for taps of
 * two and of 250 queues and for a growing number of queues up to MAX,
 * "dump PER-DEVICE QUEUES DEVICES WHO COUNTERS COUNTER-BYTES BYTES CALLS
 * INSTRUCTIONS"; before that, "bytes BLOCKS COUNTERS COUNTER-BYTES BYTES" for
 * taps of two queues and for more and more counters a queue, in the end all,
 * most of which are zero; and for MAX queues, none or all of which lost frames
 * before, "changed REASONS QUEUES WHO COUNTERS BYTES CALLS INSTRUCTIONS" of a
 * dump of everything, and of one of what changed while LOSING of them lost a
 * frame. At the end it prints "end" and waits to be killed.
 */
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/tapdrop.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <tapdrop.h>
#include <unistd.h>

#include "../traffic/command.h"
#include "bench.h"
#include "host.h"
#include "netlink.h"

/**
 * struct question - a dump request
 * @who: short name
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

struct counters {
	unsigned int number;
	unsigned int bytes;
	uint64_t cursor;
};

static void build(struct question *q, const char *who, int protocol, int type,
		  const void *head, size_t head_len, uint16_t attr,
		  uint32_t value)
{
	struct nlattr nla = { NLA_HDRLEN + sizeof(value), attr };

	memset(q, 0, sizeof(*q));
	q->who = who;
	q->genetlink = protocol == NETLINK_GENERIC;
	q->fd = netlink_open(protocol);
	q->nlh.nlmsg_type = type ?: netlink_family(q->fd, TAPDROP_FAMILY_NAME);
	q->nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	q->nlh.nlmsg_len = NLMSG_LENGTH(head_len);
	memcpy(q->body, head, head_len);
	if (!attr)
		return;
	memcpy(q->body + head_len, &nla, sizeof(nla));
	memcpy(q->body + head_len + sizeof(nla), &value, sizeof(value));
	q->nlh.nlmsg_len += nla.nla_len;
}

/* As "ip -s link" asks. */
static void ask_getlink(struct question *q)
{
	const struct ifinfomsg head = { .ifi_family = AF_UNSPEC };

	build(q, "getlink", NETLINK_ROUTE, RTM_GETLINK, &head, sizeof(head),
	      IFLA_EXT_MASK, RTEXT_FILTER_VF);
}

/* The least that rtnetlink can be asked for. */
static void ask_getstats(struct question *q)
{
	const struct if_stats_msg head = {
		.filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64),
	};

	build(q, "getstats", NETLINK_ROUTE, RTM_GETSTATS, &head, sizeof(head),
	      0, 0);
}

static void ask_tapdrop(struct question *q, const char *who, uint32_t scope)
{
	const struct genlmsghdr head = {
		.cmd = TAPDROP_CMD_STATS_GET,
		.version = TAPDROP_FAMILY_VERSION,
	};

	build(q, who, NETLINK_GENERIC, 0, &head, sizeof(head),
	      TAPDROP_A_STATS_SCOPE, scope);
}

static void ask_zeros(struct question *q)
{
	const struct nlattr nla = { NLA_HDRLEN, TAPDROP_A_STATS_ZEROS };

	memcpy((void *)&q->nlh + q->nlh.nlmsg_len, &nla, sizeof(nla));
	q->nlh.nlmsg_len += sizeof(nla);
}

static void count(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr = NLMSG_DATA(nlh) + GENL_HDRLEN;
	const void *end = (const void *)nlh + nlh->nlmsg_len;
	struct counters *counters = arg;
	int type;

	while ((const void *)attr < end) {
		type = attr->nla_type & NLA_TYPE_MASK;
		if (type == TAPDROP_A_STATS_TO_USER ||
		    type == TAPDROP_A_STATS_FROM_USER) {
			counters->number++;
			counters->bytes += NLA_ALIGN(attr->nla_len);
		} else if (type == TAPDROP_A_STATS_CURSOR) {
			memcpy(&counters->cursor, attr + 1, sizeof(uint64_t));
		}
		attr = (const void *)attr + NLA_ALIGN(attr->nla_len);
	}
}

static void print(const char *place, const char *who,
		  const struct counters *counters,
		  const struct netlink_dump *dump)
{
	printf("dump\t%s\t%s\t%u\t%u\t%u\t%u\t%lu\n", place, who,
	       counters->number, counters->bytes, dump->bytes, dump->calls,
	       dump->instructions);
}

/* The first time warms up, and tells how many counters there are. */
static void ask(const char *place, const struct question *q)
{
	struct counters counters = {};
	struct netlink_dump dump;

	netlink_dump(q->fd, &q->nlh, &dump,
		     q->genetlink ? count : NULL, &counters);
	for (int i = 0; i < BENCH_REPEATS; i++) {
		netlink_dump(q->fd, &q->nlh, &dump, NULL, NULL);
		print(place, q->who, &counters, &dump);
	}
}

/* The answer of the library, from request to free. */
static unsigned int dump_stats(struct tapdrop *td)
{
	const struct tapdrop_device *dev;
	struct tapdrop_stats *stats;
	unsigned int number = 0;

	if (tapdrop_dump(td, NULL, &stats))
		fail("libtapdrop: %s", tapdrop_error(td));
	tapdrop_for_each_device(dev, stats)
		number += dev->n_counters;
	tapdrop_stats_free(stats);
	return number;
}

static void ask_library(const char *place, struct tapdrop *td)
{
	struct counters counters = { .number = dump_stats(td) };
	struct netlink_dump dump = {};

	for (int i = 0; i < BENCH_REPEATS; i++) {
		dump.instructions = -bench_now();
		dump_stats(td);
		dump.instructions += bench_now();
		print(place, "library", &counters, &dump);
	}
}

/* Of each device, the no-queue block has counters, too; they are zero. */
static void measure_bytes(unsigned int reasons, bool zeros)
{
	const unsigned int queues = 100;
	unsigned int blocks = queues;
	struct counters counters = {};
	struct netlink_dump dump;
	struct question q;

	host_new(reasons, 1);
	ask_tapdrop(&q, "queues", TAPDROP_SCOPE_QUEUE);
	if (zeros)
		ask_zeros(&q);
	blocks += host_grow(queues, 2) * zeros;
	netlink_dump(q.fd, &q.nlh, &dump, count, &counters);
	printf("bytes\t%u\t%u\t%u\t%u\n", blocks, counters.number,
	       counters.bytes, dump.bytes);
}

static void ask_since(struct question *q, uint64_t cursor)
{
	const struct nlattr nla = {
		NLA_HDRLEN + sizeof(cursor), TAPDROP_A_STATS_CURSOR,
	};
	void *end;

	ask_tapdrop(q, "changed", TAPDROP_SCOPE_QUEUE);
	end = (void *)&q->nlh + q->nlh.nlmsg_len;
	memcpy(end, &nla, sizeof(nla));
	memcpy(end + sizeof(nla), &cursor, sizeof(cursor));
	q->nlh.nlmsg_len += nla.nla_len;
}

static void print_changed(unsigned int reasons, unsigned int queues,
			  const char *who, const struct counters *counters,
			  const struct netlink_dump *dump)
{
	printf("changed\t%u\t%u\t%s\t%u\t%u\t%u\t%lu\n", reasons, queues, who,
	       counters->number, dump->bytes, dump->calls, dump->instructions);
}

/* A cursor is one of the dump before, or of the one before that: so the first
 * ones are not looked at.
 */
static void measure_changed(unsigned int reasons, unsigned int queues,
			    unsigned int losing)
{
	struct counters counters = {};
	struct netlink_dump dump;
	struct question q;

	host_new(reasons, 0);
	host_grow(queues, 2);
	sleep(1);
	ask_tapdrop(&q, "queues", TAPDROP_SCOPE_QUEUE);
	for (int i = 0; i <= BENCH_REPEATS; i++) {
		netlink_dump(q.fd, &q.nlh, &dump, i ? NULL : count, &counters);
		if (i)
			print_changed(reasons, queues, "all", &counters, &dump);
	}

	for (int i = -2; i < BENCH_REPEATS; i++) {
		host_lose(losing);
		sleep(1);
		close(q.fd);
		ask_since(&q, counters.cursor);
		netlink_dump(q.fd, &q.nlh, &dump, NULL, NULL);
		counters = (struct counters){};
		netlink_dump(q.fd, &q.nlh, &(struct netlink_dump){}, count,
			     &counters);
		if (i >= 0)
			print_changed(reasons, queues, "changed", &counters,
				      &dump);
	}
}

static void run(unsigned int per_device, unsigned int max)
{
	struct question queues, devices, getlink, getstats;
	struct tapdrop *td;
	char place[64];

	host_new(2, 0);
	ask_tapdrop(&queues, "queues", TAPDROP_SCOPE_QUEUE);
	ask_tapdrop(&devices, "devices", TAPDROP_SCOPE_DEVICE);
	ask_getlink(&getlink);
	ask_getstats(&getstats);
	if (tapdrop_open(&td))
		fail("libtapdrop: %s", tapdrop_error(td));
	for (unsigned int n = 1; n <= max; n *= n == 1 ? 100 : 10) {
		snprintf(place, sizeof(place), "%u\t%u\t%u", per_device, n,
			 host_grow(n, per_device));
		/* for what the kernel does behind it */
		sleep(1);
		ask(place, &queues);
		ask_library(place, td);
		ask(place, &devices);
		ask(place, &getlink);
		ask(place, &getstats);
	}
}

/**
 * dump_main() - "tapbench dump MAX LOSING"
 * @argc: 2
 * @argv: largest number of queues, and how many of them lose frames
 */
void dump_main(int argc, char **argv)
{
	unsigned int max = argc == 2 ? atoi(argv[0]) : 0;

	if (!max)
		fail("usage: tapbench dump MAX LOSING");
	for (unsigned int n = 1; n <= HOST_REASONS; n *= 2)
		measure_bytes(n, false);
	measure_bytes(HOST_REASONS, true);
	measure_changed(0, max, atoi(argv[1]));
	measure_changed(2, max, atoi(argv[1]));
	run(2, max);
	run(250, max);
	puts("end");
	fflush(stdout);
	pause();
}
