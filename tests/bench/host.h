/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _BENCH_HOST_H
#define _BENCH_HOST_H

/* Reasons for which every queue of a host can be made to lose frames. */
#define HOST_REASONS	4

void host_new(unsigned int reasons, unsigned int cpus);
unsigned int host_grow(unsigned int queues, unsigned int per_device);
void host_lose_all(unsigned int reasons);
void host_lose(unsigned int losing);

#endif /* _BENCH_HOST_H */
