// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dumps for somebody who looks at how long they go on without a point at which
 * others may run: "tapbench stretch TAPS", for taps of 250 queues. The thread is
 * named after what the queues are like, or after RTM_GETLINK.
 */
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <linux/tapdrop.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "../traffic/command.h"
#include "bench.h"
#include "host.h"
#include "netlink.h"

#define QUEUES	250

struct request {
	struct nlmsghdr nlh;
	union {
		struct ifinfomsg link;
		struct {
			struct genlmsghdr genl;
			struct nlattr scope;
			uint32_t value;
			struct nlattr zeros;
		};
	};
};

static void dump(const char *name, int protocol, struct request *request)
{
	struct netlink_dump taken;
	int fd = netlink_open(protocol);

	if (protocol == NETLINK_GENERIC)
		request->nlh.nlmsg_type = netlink_family(fd,
							 TAPDROP_FAMILY_NAME);
	if (prctl(PR_SET_NAME, name))
		fail_errno("prctl");
	netlink_dump(fd, &request->nlh, &taken, NULL, NULL);
}

static void dump_counters(const char *name, uint32_t scope, bool zeros)
{
	struct request request = {
		.nlh.nlmsg_len = NLMSG_LENGTH(sizeof(request.genl) + 8 +
					      zeros * NLA_HDRLEN),
		.nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		.genl.cmd = TAPDROP_CMD_STATS_GET,
		.genl.version = TAPDROP_FAMILY_VERSION,
		.scope = { NLA_HDRLEN + 4, TAPDROP_A_STATS_SCOPE },
		.value = scope,
		.zeros = { NLA_HDRLEN, TAPDROP_A_STATS_ZEROS },
	};

	dump(name, NETLINK_GENERIC, &request);
}

/**
 * stretch_main() - "tapbench stretch TAPS"
 * @argc: 1
 * @argv: number of taps
 */
void stretch_main(int argc, char **argv)
{
	unsigned int taps = argc == 1 ? atoi(argv[0]) : 0;
	struct request link = {
		.nlh.nlmsg_len = NLMSG_LENGTH(sizeof(link.link)),
		.nlh.nlmsg_type = RTM_GETLINK,
		.nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
	};

	if (!taps)
		fail("usage: tapbench stretch TAPS");
	host_new(0, 0);
	host_grow(taps * QUEUES, QUEUES);
	dump_counters("idle", TAPDROP_SCOPE_QUEUE, false);
	dump_counters("idle-sums", TAPDROP_SCOPE_DEVICE, false);
	host_new(HOST_REASONS, 0);
	host_grow(taps * QUEUES, QUEUES);
	dump_counters("lost", TAPDROP_SCOPE_QUEUE, false);
	dump_counters("lost-sums", TAPDROP_SCOPE_DEVICE, false);
	dump_counters("zeros", TAPDROP_SCOPE_QUEUE, true);
	dump("getlink", NETLINK_ROUTE, &link);
}
