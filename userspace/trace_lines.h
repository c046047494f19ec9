/* SPDX-License-Identifier: GPL-2.0-only */
/* A trace, line by line: lost frames, each with its stack. */
#ifndef _TAPDROP_TRACE_LINES_H
#define _TAPDROP_TRACE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lost.h"

/* The last line of a recording. */
#define TRACE_LINES_END	"# end"

/**
 * struct trace_lines - what was read of a trace
 * @take: takes each lost frame; returns an exit code
 * @miss: takes how many events were overwritten before they were read, or 0 if
 *	that is not known; returns an exit code
 * @arg: argument of both
 * @stacks: each has a stack, for which it waits
 * @enough: @take wants no more
 * @record: where to write the lines, or NULL
 * @read: events read
 * @ended: the last line was the end of a recording
 * @waiting: for each CPU an event that waits for its stack
 * @n_waiting: number of @waiting
 * @current: the one whose stack comes now, or NULL
 * @line: what was read of a line that has no end yet
 * @len: bytes in @line
 */
struct trace_lines {
	int (*take)(const struct lost *lost, void *arg);
	int (*miss)(uint64_t events, void *arg);
	void *arg;
	bool stacks;
	bool enough;
	FILE *record;
	uint64_t read;
	bool ended;
	struct lost *waiting;
	size_t n_waiting;
	struct lost *current;
	char line[4096];
	size_t len;
};

int trace_lines_take(struct trace_lines *t, const char *p, size_t len);
int trace_lines_pause(struct trace_lines *t);
int trace_lines_end(struct trace_lines *t);
void trace_lines_free(struct trace_lines *t);

#endif /* _TAPDROP_TRACE_LINES_H */
