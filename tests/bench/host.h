/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _BENCH_HOST_H
#define _BENCH_HOST_H

/* Counters that are not zero, for every queue of the host. */
#define HOST_COUNTERS	2

void host_new(void);
unsigned int host_grow(unsigned int queues, unsigned int per_device);

#endif /* _BENCH_HOST_H */
