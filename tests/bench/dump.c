// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs to read the counters: "tapbench dump MAX LOSING TOOL" prints, for
 * taps of two and of 250 queues and for a growing number of queues up to MAX,
 * "dump PER-DEVICE QUEUES DEVICES WHO COUNTERS COUNTER-BYTES BYTES CALLS
 * INSTRUCTIONS"; before that, "bytes BLOCKS COUNTERS COUNTER-BYTES BYTES" for
 * taps of two queues and for more and more counters a queue, in the end all,
 * most of which are zero; and what changed.c prints, for MAX queues of which
 * LOSING lose frames. At the end it prints "end" and waits to be killed.
 */
#include <linux/tapdrop.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <tapdrop.h>
#include <unistd.h>

#include "../traffic/command.h"
#include "bench.h"
#include "host.h"
#include "question.h"

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

	question_ask(q, &dump, q->genetlink ? counters_add : NULL, &counters);
	for (int i = 0; i < BENCH_REPEATS; i++) {
		question_ask(q, &dump, NULL, NULL);
		print(place, q->who, &counters, &dump);
	}
	close(q->fd);
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
	question_tapdrop(&q, "queues", TAPDROP_SCOPE_QUEUE);
	if (zeros)
		question_zeros(&q);
	blocks += host_grow(queues, 2) * zeros;
	question_ask(&q, &dump, counters_add, &counters);
	printf("bytes\t%u\t%u\t%u\t%u\n", blocks, counters.number,
	       counters.bytes, dump.bytes);
}

static void measure(unsigned int per_device, unsigned int queues)
{
	struct question question;
	struct tapdrop *td;
	char place[64];

	snprintf(place, sizeof(place), "%u\t%u\t%u", per_device, queues,
		 host_grow(queues, per_device));
	/* for what the kernel does behind it */
	sleep(1);
	if (tapdrop_open(&td))
		fail("libtapdrop: %s", tapdrop_error(td));
	question_tapdrop(&question, "queues", TAPDROP_SCOPE_QUEUE);
	ask(place, &question);
	ask_library(place, td);
	question_tapdrop(&question, "devices", TAPDROP_SCOPE_DEVICE);
	ask(place, &question);
	question_getlink(&question);
	ask(place, &question);
	question_getstats(&question);
	ask(place, &question);
	tapdrop_close(td);
}

static void measure_growth(unsigned int per_device, unsigned int max)
{
	host_new(2, 0);
	for (unsigned int n = 1; n <= max; n *= n == 1 ? 100 : 10)
		measure(per_device, n);
}

/* The one that takes most of the memory, for all that is asked of it. */
static void measure_large(unsigned int queues, unsigned int losing,
			  const char *tool)
{
	host_new(0, 0);
	host_grow(queues, 2);
	changed_measure(0, queues, losing, tool);
	host_lose_all(2);
	changed_measure(2, queues, losing, tool);
	measure(2, queues);
}

static void measure_losers(unsigned int queues, const char *tool)
{
	host_new(2, 0);
	host_grow(queues, 2);
	changed_measure(2, queues, queues, tool);
}

/**
 * dump_main() - "tapbench dump MAX LOSING TOOL"
 * @argc: 3
 * @argv: largest number of queues, how many of them lose frames, and the tool
 */
void dump_main(int argc, char **argv)
{
	unsigned int max = argc == 3 ? atoi(argv[0]) : 0;

	if (!max)
		fail("usage: tapbench dump MAX LOSING TOOL");
	for (unsigned int n = 1; n <= HOST_REASONS; n *= 2)
		measure_bytes(n, false);
	measure_bytes(HOST_REASONS, true);
	measure_losers(atoi(argv[1]), argv[2]);
	measure_growth(250, max);
	measure_growth(2, max / 10);
	measure_large(max, atoi(argv[1]), argv[2]);
	puts("end");
	fflush(stdout);
	pause();
}
