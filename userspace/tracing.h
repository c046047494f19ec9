/* SPDX-License-Identifier: GPL-2.0-only */
/* A tracing instance of our own, that traces tapdrop:drop. */
#ifndef _TAPDROP_TRACING_H
#define _TAPDROP_TRACING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct tracing - an instance
 * @dir: its directory; "" if there is none
 * @fd: where the trace is read; -1 if it is not open
 */
struct tracing {
	char dir[128];
	int fd;
};

int tracing_open(struct tracing *t, const char *filter, bool stack,
		 unsigned int kib);
ssize_t tracing_read(struct tracing *t, char *buf, size_t size);
void tracing_stop(struct tracing *t);
bool tracing_alive(const struct tracing *t);
uint64_t tracing_overrun(const struct tracing *t);
void tracing_close(struct tracing *t);

#endif /* _TAPDROP_TRACING_H */
