// SPDX-License-Identifier: GPL-2.0-only
/*
 * What queues hold: "tapbench memory TAPS" prints "memory QUEUES IDLE LOST", for
 * taps of 16 queues, in KiB: of queues that lost nothing, and of as many that
 * lost a frame.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../traffic/command.h"
#include "bench.h"
#include "host.h"

/* Of a tap: so many that what was free before does not show. */
#define QUEUES	16

static long meminfo(const char *key)
{
	FILE *file = fopen("/proc/meminfo", "re");
	char line[128];
	long kib = -1;

	while (file && kib < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)))
			kib = atol(line + strlen(key));
	if (kib < 0)
		fail("/proc/meminfo has no %s", key);
	fclose(file);
	return kib;
}

/* KiB of the kernel that grow by so many taps, whose queues lose frames for so
 * many reasons.
 */
static long taken(unsigned int taps, unsigned int reasons)
{
	long before;

	host_new(reasons);
	before = meminfo("Percpu:") + meminfo("Slab:");
	host_grow(taps * QUEUES, QUEUES);
	return meminfo("Percpu:") + meminfo("Slab:") - before;
}

/**
 * memory_main() - "tapbench memory TAPS"
 * @argc: 1
 * @argv: number of taps
 */
void memory_main(int argc, char **argv)
{
	unsigned int taps = argc == 1 ? atoi(argv[0]) : 0;
	long idle, lost;

	if (!taps)
		fail("usage: tapbench memory TAPS");
	idle = taken(taps, 0);
	lost = taken(taps, 1);
	printf("memory\t%u\t%ld\t%ld\n", taps * QUEUES, idle, lost);
}
