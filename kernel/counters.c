// SPDX-License-Identifier: GPL-2.0-only
/* Percpu counters of a queue, and what they count. */

#include <linux/build_bug.h>
#include <linux/percpu.h>
#include <net/dropreason.h>

#include "counters.h"

#define ROW(n, skb, cls, what, cause, remedy)				\
	[TAPDROP_REASON_##n] = {					\
		.name = #n,						\
		.skb_reason = SKB_DROP_REASON_##skb,			\
		.class = TAPDROP_CLASS_##cls,				\
		.meaning = what,					\
	},
const struct tapdrop_reason_info tapdrop_reasons[] = {
	TAPDROP_REASONS(ROW)
};

const unsigned int tapdrop_nr_reasons = ARRAY_SIZE(tapdrop_reasons);

#define CELL(d, r, driver) { TAPDROP_DIR_##d, TAPDROP_REASON_##r },
const struct tapdrop_cell_info tapdrop_cells[] = {
	TAPDROP_CELLS(CELL)
};

/* What a host with many CPUs pays for each queue. */
static_assert(sizeof(struct tapdrop_counters) <= 512);

/**
 * tapdrop_counters_alloc - allocate the counters of a queue
 *
 * Context: process; may sleep.
 *
 * Return: counters at zero, to be freed with free_percpu(), or NULL.
 */
struct tapdrop_counters __percpu *tapdrop_counters_alloc(void)
{
	return alloc_percpu(struct tapdrop_counters);
}

/**
 * tapdrop_counters_sum - add a queue's counters to sums
 * @sums: where to add them
 * @counters: what to add
 *
 * Context: any; takes no lock and may run beside writers.
 */
void tapdrop_counters_sum(struct tapdrop_sums *sums,
			  const struct tapdrop_counters __percpu *counters)
{
	const struct tapdrop_counters *c;
	unsigned long packets, last;
	int cpu, i;

	for_each_possible_cpu(cpu) {
		c = per_cpu_ptr(counters, cpu);

		for (i = 0; i < TAPDROP_NR_CELLS; i++) {
			packets = READ_ONCE(c->cell[i].packets);
			if (!packets)
				continue;
			last = READ_ONCE(c->cell[i].last);
			if (!sums->cell[i].packets ||
			    time_after(last, sums->cell[i].last))
				sums->cell[i].last = last;
			sums->cell[i].packets += packets;
		}
	}
}
