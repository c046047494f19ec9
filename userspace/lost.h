/* SPDX-License-Identifier: GPL-2.0-only */
/* A lost frame, as the trace event tapdrop:drop tells of it. */
#ifndef _TAPDROP_LOST_H
#define _TAPDROP_LOST_H

#include <stdbool.h>
#include <stdint.h>

#include "headers.h"
#include "lib/tapdrop.h"

/**
 * struct lost - one event: a lost frame, or several that were lost at once
 * @time: when, in seconds of CLOCK_MONOTONIC
 * @cpu: where
 * @ifname: the device; "-" for queues without a device
 * @ifindex: its index
 * @netns: number of its network namespace
 * @kind: enum tapdrop_kind, or 0
 * @queue: the queue, or -1
 * @dir: enum tapdrop_dir
 * @reason: our name of the reason
 * @packets: number of frames; of a gap, of events
 * @len: length of the frame; 0 if there is no more to know of it
 * @headers: what it was
 * @location: where it was lost: function, offset and module
 * @stack: who called that, one a line, or NULL
 */
struct lost {
	double time;
	unsigned int cpu;
	char ifname[TAPDROP_IFNAMSIZ];
	uint32_t ifindex;
	uint32_t netns;
	uint32_t kind;
	int32_t queue;
	uint32_t dir;
	char reason[32];
	uint64_t packets;
	uint32_t len;
	struct headers headers;
	char location[256];
	char *stack;
};

/**
 * enum trace_line - what a line of a trace is
 * @LINE_OTHER: nothing that we look for
 * @LINE_LOST: a lost frame
 * @LINE_STACK: what follows is the stack of the last frame of a CPU
 * @LINE_CALLER: a line of a stack
 * @LINE_GAP: events were overwritten before they were read
 */
enum trace_line {
	LINE_OTHER,
	LINE_LOST,
	LINE_STACK,
	LINE_CALLER,
	LINE_GAP,
};

enum trace_line lost_parse(struct lost *lost, const char *line);

#endif /* _TAPDROP_LOST_H */
