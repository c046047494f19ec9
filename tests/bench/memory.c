// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a tap holds: "tapbench memory TAPS" prints
 * "memory TAPS QUEUES PERCPU", the latter in KiB, for taps of 16 queues.
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

/**
 * memory_main() - "tapbench memory TAPS"
 * @argc: 1
 * @argv: number of taps
 */
void memory_main(int argc, char **argv)
{
	unsigned int taps = argc == 1 ? atoi(argv[0]) : 0;
	long percpu;

	if (!taps)
		fail("usage: tapbench memory TAPS");
	host_new(2);
	percpu = -meminfo("Percpu:");
	host_grow(taps * QUEUES, QUEUES);
	percpu += meminfo("Percpu:");
	printf("memory\t%u\t%u\t%ld\n", taps, taps * QUEUES, percpu);
}
