/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _BENCH_H
#define _BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <x86intrin.h>

/* Every figure is taken this often; they have to agree. */
#define BENCH_REPEATS	3

/**
 * bench_now() - instructions that the guest has executed
 *
 * The guest runs with -icount shift=0 (tests/vm/run -i), which makes its time
 * stamp counter count instructions. It stands still in no other way than by
 * idling, and the benchmarks do not idle.
 *
 * Return: number since power-on.
 */
static inline uint64_t bench_now(void)
{
	return __rdtsc();
}

/* What somebody asked for on the command line, and what does it. */
void frame_main(int argc, char **argv);
void memory_main(int argc, char **argv);
void dump_main(int argc, char **argv);
void changed_measure(unsigned int reasons, unsigned int queues,
		     unsigned int losing, const char *tool);
void spawn_main(int argc, char **argv);
void stretch_main(int argc, char **argv);

#endif /* _BENCH_H */
