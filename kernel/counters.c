// SPDX-License-Identifier: GPL-2.0-only
/* Percpu counters of a queue, and what they count. */

#include <linux/bitops.h>
#include <linux/build_bug.h>
#include <linux/percpu.h>
#include <net/dropreason.h>

#include "counters.h"

#define ROW(n, skb, cls, what)						\
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

#define CELL(d, r, ...) { TAPDROP_DIR_##d, TAPDROP_REASON_##r },
const struct tapdrop_cell_info tapdrop_cells[] = {
	TAPDROP_CELLS(CELL)
};

/* What a host with many CPUs pays for each queue. */
static_assert(sizeof(struct tapdrop_counters) <= 512);

/* struct tapdrop_sums, and what a request asks for, have a bit for each. */
static_assert(TAPDROP_NR_CELLS <= 64);

/**
 * tapdrop_counters_alloc - allocate the counters of a queue
 *
 * The memory cgroup of the caller pays.
 *
 * Context: process; may sleep.
 *
 * Return: counters at zero, to be freed with free_percpu(), or NULL.
 */
struct tapdrop_counters __percpu *tapdrop_counters_alloc(void)
{
	return alloc_percpu_gfp(struct tapdrop_counters, GFP_KERNEL_ACCOUNT);
}

#define OR(d, r, ...) | c->packets[TAPDROP_##d##_##r] \
		      | c->last[TAPDROP_##d##_##r]
static bool tapdrop_counters_any(const struct tapdrop_counters *c)
{
	/* Only whether to look again; plain, to be an operand of each OR. */
	return data_race(0 TAPDROP_CELLS(OR));
}

static void tapdrop_counters_add(struct tapdrop_sums *sums,
				 const struct tapdrop_counters *c)
{
	unsigned long packets, last;
	int i;

	for (i = 0; i < TAPDROP_NR_CELLS; i++) {
		packets = READ_ONCE(c->packets[i]);
		last = READ_ONCE(c->last[i]);
		if (!packets && !last)
			continue;
		if (!(sums->cells & BIT_ULL(i))) {
			sums->cells |= BIT_ULL(i);
			sums->packets[i] = packets;
			sums->last[i] = last;
			continue;
		}
		sums->packets[i] += packets;
		if (last && (!sums->last[i] || time_after(last, sums->last[i])))
			sums->last[i] = last;
	}
}

/**
 * tapdrop_sums_end - make sums fit to be shown, when all is added
 * @sums: counters
 *
 * A writer writes the time and the count, on one CPU or on two, and a reader
 * may have seen one of them: what is not counted yet is not shown, and what has
 * no time yet was lost just now.
 */
void tapdrop_sums_end(struct tapdrop_sums *sums)
{
	u64 cells;
	int i;

	for (cells = sums->cells; cells; cells &= cells - 1) {
		i = __ffs64(cells);
		if (!sums->packets[i])
			sums->cells &= ~BIT_ULL(i);
		else if (!sums->last[i])
			sums->last[i] = jiffies;
	}
}

/**
 * tapdrop_counters_sum - add a queue's counters to sums
 * @sums: where to add them
 * @counters: what to add
 *
 * Most CPUs have lost nothing for a queue: to pass them by has to be cheap.
 *
 * Context: any; takes no lock and may run beside writers.
 */
void tapdrop_counters_sum(struct tapdrop_sums *sums,
			  const struct tapdrop_counters __percpu *counters)
{
	const struct tapdrop_counters *c;
	unsigned int cpu;

	/* cpumask_next() would cost as much as the look at what it finds. */
	for (cpu = 0; cpu < nr_cpu_ids; cpu++) {
		if (!cpu_possible(cpu))
			continue;
		c = per_cpu_ptr(counters, cpu);
		if (tapdrop_counters_any(c))
			tapdrop_counters_add(sums, c);
	}
}
