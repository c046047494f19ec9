// SPDX-License-Identifier: GPL-2.0-only
/*
 * What queues hold: "tapbench memory TAPS STAT" prints "memory PER-TAP QUEUES CPUS
 * IDLE LOST ALL", for TAPS of 16 queues and three times as many of one, in bytes:
 * of queues that lost nothing, of as many that lost a frame on one CPU, and of as
 * many that did on CPUS. STAT is memory.stat of the cgroup that this runs in,
 * which pays.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "../traffic/command.h"
#include "bench.h"
#include "host.h"

/* What the kernel has charged to the cgroup, of the kinds that drivers use. */
static long charged(const char *stat)
{
	static const char * const kinds[] = { "slab ", "percpu ", "vmalloc " };
	FILE *file = fopen(stat, "re");
	char line[128];
	int found = 0;
	long sum = 0;

	while (file && fgets(line, sizeof(line), file))
		for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
			if (!strncmp(line, kinds[i], strlen(kinds[i]))) {
				sum += atol(line + strlen(kinds[i]));
				found++;
			}
	if (found != sizeof(kinds) / sizeof(*kinds))
		fail("%s does not say what is charged", stat);
	fclose(file);
	return sum;
}

/* Bytes that grow by so many taps, whose queues lose frames on so many CPUs. */
static long taken(unsigned int taps, unsigned int per_tap, const char *stat,
		  unsigned int reasons, unsigned int cpus)
{
	long before;

	host_new(reasons, cpus);
	before = charged(stat);
	host_grow(taps * per_tap, per_tap);
	return charged(stat) - before;
}

static void measure(unsigned int taps, unsigned int per_tap, const char *stat)
{
	long idle = taken(taps, per_tap, stat, 0, 1);
	long lost = taken(taps, per_tap, stat, 1, 1);
	long all = taken(taps, per_tap, stat, 1, 0);

	printf("memory\t%u\t%u\t%d\t%ld\t%ld\t%ld\n", per_tap, taps * per_tap,
	       get_nprocs(), idle, lost, all);
}

/**
 * memory_main() - "tapbench memory TAPS STAT"
 * @argc: 2
 * @argv: number of taps, and a file
 */
void memory_main(int argc, char **argv)
{
	unsigned int taps = argc == 2 ? atoi(argv[0]) : 0;

	if (!taps)
		fail("usage: tapbench memory TAPS STAT");
	measure(taps, 16, argv[1]);
	measure(3 * taps, 1, argv[1]);
}
