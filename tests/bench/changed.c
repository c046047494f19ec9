// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs to be up to date where few of many queues lose frames. Prints, for
 * queues none or all of which have lost frames for that many reasons before,
 * "changed REASONS QUEUES WHO COUNTERS BYTES CALLS INSTRUCTIONS": of a dump of
 * everything, and of one of what changed while some lost a frame each; of the same
 * through the library, which keeps all of it; and of a look of "tapdrop watch".
 */
#include <fcntl.h>
#include <linux/tapdrop.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <tapdrop.h>
#include <unistd.h>

#include "../traffic/command.h"
#include "bench.h"
#include "host.h"
#include "question.h"

/* Looks of the tool: with the first ones, and without. */
#define FEW	4
#define MANY	12

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

	question_tapdrop(&q, "queues", TAPDROP_SCOPE_QUEUE);
	for (int i = 0; i <= BENCH_REPEATS; i++) {
		question_ask(&q, &dump, i ? NULL : counters_add, &counters);
		if (i)
			print_changed(reasons, queues, "all", &counters, &dump);
	}

	for (int i = -2; i < BENCH_REPEATS; i++) {
		host_lose(losing);
		sleep(1);
		close(q.fd);
		question_since(&q, counters.cursor);
		question_ask(&q, &dump, NULL, NULL);
		counters = (struct counters){};
		question_ask(&q, &(struct netlink_dump){}, counters_add,
			     &counters);
		if (i >= 0)
			print_changed(reasons, queues, "changed", &counters,
				      &dump);
	}
}

static uint64_t update(struct tapdrop *td, struct tapdrop_stats **stats)
{
	uint64_t spent = -bench_now();

	if (tapdrop_update(td, NULL, stats))
		fail("libtapdrop: %s", tapdrop_error(td));
	return spent + bench_now();
}

/* The same, as an agent on the library does it. */
static void measure_library(unsigned int reasons, unsigned int queues,
			    unsigned int losing)
{
	struct tapdrop_stats *stats = NULL;
	struct netlink_dump taken = {};
	struct counters counters = {};
	struct tapdrop *td;

	if (tapdrop_open(&td))
		fail("libtapdrop: %s", tapdrop_error(td));
	for (int i = 0; i < BENCH_REPEATS; i++) {
		tapdrop_stats_free(stats);
		stats = NULL;
		taken.instructions = update(td, &stats);
		print_changed(reasons, queues, "library-all", &counters, &taken);
	}
	for (int i = -2; i < BENCH_REPEATS; i++) {
		host_lose(losing);
		sleep(1);
		taken.instructions = update(td, &stats);
		if (i >= 0)
			print_changed(reasons, queues, "library-changed",
				      &counters, &taken);
	}
	tapdrop_stats_free(stats);
	tapdrop_close(td);
}

/* Nanoseconds of processor time, which are instructions. */
static uint64_t run_watch(const char *tool, unsigned int looks,
			  unsigned int losing)
{
	char count[16];
	char *words[] = {
		(char *)tool, "watch", "interval", "0.5", "count", count, NULL,
	};
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	int status = 0;
	pid_t pid;

	snprintf(count, sizeof(count), "%u", looks);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null",
					 O_WRONLY, 0);
	if (posix_spawn(&pid, tool, &actions, NULL, words, environ))
		fail_errno(tool);
	while (!wait4(pid, &status, WNOHANG, &usage)) {
		host_lose(losing);
		usleep(250000);
	}
	if (status)
		fail("%s ended with status %d", tool, status);
	return 1000 * (1000000ull * (usage.ru_utime.tv_sec +
				     usage.ru_stime.tv_sec) +
		       usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void measure_watch(unsigned int reasons, unsigned int queues,
			  unsigned int losing, const char *tool)
{
	struct netlink_dump taken = {};
	struct counters counters = {};

	for (int i = 0; i < BENCH_REPEATS; i++) {
		taken.instructions = (run_watch(tool, MANY, losing) -
				      run_watch(tool, FEW, losing)) /
				     (MANY - FEW);
		print_changed(reasons, queues, "watch", &counters, &taken);
	}
}

/**
 * changed_measure() - measure all that, on a host that is there
 * @reasons: for how many reasons all queues lost frames before
 * @queues: number of queues, two a tap
 * @losing: how many of them lose frames
 * @tool: path of tapdrop
 */
void changed_measure(unsigned int reasons, unsigned int queues,
		     unsigned int losing, const char *tool)
{
	/* for what the kernel does behind it */
	sleep(1);
	measure_changed(reasons, queues, losing);
	measure_library(reasons, queues, losing);
	measure_watch(reasons, queues, losing, tool);
}
