// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmarks in guest instructions. Prints one result a line, words separated
 * by tabs; tests/bench/run makes tables of them.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../traffic/command.h"
#include "bench.h"

#define ROUNDS	10000

/* Named and declared as in the traffic helper, whose vring.c we link. */
void fail(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fputs("tapbench: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

void fail_errno(const char *what)
{
	fail("%s: %s", what, strerror(errno));
}

/* Two instructions a round, unless the timer ticks in between. */
static uint64_t count_rounds(void)
{
	uint64_t spent = -bench_now();

	asm volatile("mov %0, %%ecx\n1:\tdec %%ecx\n\tjnz 1b"
		     : : "i" (ROUNDS) : "ecx", "cc");
	return spent + bench_now();
}

static void check_counter(void)
{
	uint64_t spent, least = UINT64_MAX;

	for (int i = 0; i < 10; i++) {
		spent = count_rounds();
		least = spent < least ? spent : least;
	}
	if (least < 2 * ROUNDS || least > 2 * ROUNDS + ROUNDS / 100)
		fail("%d instructions took %lu: this is not tests/vm/run -i",
		     2 * ROUNDS, least);
}

static const struct {
	const char *name;
	void (*run)(int argc, char **argv);
} benches[] = {
	{ "frame", frame_main },
	{ "memory", memory_main },
	{ "dump", dump_main },
	{ "spawn", spawn_main },
	{ "stretch", stretch_main },
};

int main(int argc, char **argv)
{
	size_t i;

	/* Who reads it runs on the same processor: not in between. */
	setvbuf(stdout, NULL, _IOFBF, 1 << 20);
	check_counter();
	for (i = 0; argc > 1 && i < sizeof(benches) / sizeof(*benches); i++) {
		if (strcmp(benches[i].name, argv[1]))
			continue;
		benches[i].run(argc - 2, argv + 2);
		return 0;
	}
	fail("usage: tapbench frame|memory|dump|spawn|stretch ...");
}
