/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands that go on until they are stopped: signals, waiting, intervals. */
#ifndef _TAPDROP_WAIT_H
#define _TAPDROP_WAIT_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

void catch_signals(void);
bool stopped(void);
void wait_for(struct pollfd *fds, size_t n, double seconds);
bool wait_for_output(void);
void release_signals(void);
double now(void);
int parse_interval(const char *value, double *seconds);

#endif /* _TAPDROP_WAIT_H */
