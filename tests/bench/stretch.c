// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dumps for somebody who looks at how long they go on without a point at which
 * others may run: "tapbench stretch TAPS", for taps of 250 queues. The thread is
 * named after what the queues are like, or after RTM_GETLINK.
 */
#include <linux/tapdrop.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "../traffic/command.h"
#include "bench.h"
#include "host.h"
#include "question.h"

#define QUEUES	250

static void ask(const struct question *q)
{
	struct netlink_dump taken;

	if (prctl(PR_SET_NAME, q->who))
		fail_errno("prctl");
	question_ask(q, &taken, NULL, NULL);
	close(q->fd);
}

static void ask_tapdrop(const char *who, uint32_t scope)
{
	struct question q;

	question_tapdrop(&q, who, scope);
	ask(&q);
}

static void ask_zeros(const char *who)
{
	struct question q;

	question_tapdrop(&q, who, TAPDROP_SCOPE_QUEUE);
	question_zeros(&q);
	ask(&q);
}

/**
 * stretch_main() - "tapbench stretch TAPS"
 * @argc: 1
 * @argv: number of taps
 */
void stretch_main(int argc, char **argv)
{
	unsigned int taps = argc == 1 ? atoi(argv[0]) : 0;
	struct question q;

	if (!taps)
		fail("usage: tapbench stretch TAPS");
	host_new(0, 0);
	host_grow(taps * QUEUES, QUEUES);
	ask_tapdrop("idle", TAPDROP_SCOPE_QUEUE);
	ask_tapdrop("idle-sums", TAPDROP_SCOPE_DEVICE);
	ask_zeros("idle-zeros");
	host_new(HOST_REASONS, 0);
	host_grow(taps * QUEUES, QUEUES);
	ask_tapdrop("lost", TAPDROP_SCOPE_QUEUE);
	ask_tapdrop("lost-sums", TAPDROP_SCOPE_DEVICE);
	ask_zeros("zeros");
	question_getlink(&q);
	ask(&q);
}
