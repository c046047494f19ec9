// SPDX-License-Identifier: GPL-2.0-only
/* What counters count, and their sums. */

#include <linux/bitops.h>
#include <linux/build_bug.h>
#include <linux/jiffies.h>
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

/* Each CPU that loses frames of a queue takes this much memory. */
static_assert(sizeof(struct tapdrop_counters) <= 512);

/* Readers pass over four at once, mostly: few counters are not zero. */
static_assert(TAPDROP_NR_CELLS % 4 == 0);

/* struct tapdrop_sums, and what a request asks for, have a bit for each. */
static_assert(TAPDROP_NR_CELLS <= 64);

static void tapdrop_sums_add(struct tapdrop_sums *sums, int cell,
			     unsigned long packets, unsigned long last)
{
	if (!(sums->cells & BIT_ULL(cell))) {
		sums->cells |= BIT_ULL(cell);
		sums->packets[cell] = packets;
		sums->last[cell] = last;
		return;
	}

	sums->packets[cell] += packets;
	if (last && (!sums->last[cell] || time_after(last, sums->last[cell])))
		sums->last[cell] = last;
}

/**
 * tapdrop_counters_sum - add what one CPU lost to sums
 * @sums: where to add it
 * @c: what to add
 *
 * Context: any; takes no lock and may run beside writers.
 */
void tapdrop_counters_sum(struct tapdrop_sums *sums,
			  const struct tapdrop_counters *c)
{
	const local_t *p = c->packets;
	unsigned long packets;
	int i, end;

	for (i = 0; i < TAPDROP_NR_CELLS; i = end) {
		end = i + 4;
		if (!(local_read(&p[i]) | local_read(&p[i + 1]) |
		      local_read(&p[i + 2]) | local_read(&p[i + 3])))
			continue;
		for (; i < end; i++) {
			packets = local_read(&p[i]);
			if (packets)
				tapdrop_sums_add(sums, i, packets,
						 READ_ONCE(c->last[i]));
		}
	}
}

/**
 * tapdrop_counters_lost_since - may a CPU have lost something since a time?
 * @c: what it lost
 * @since: the time, in jiffies
 *
 * A frame whose time is not there yet is not seen. If the time is a cursor's, the
 * next dump sees it: see tapdrop_cursor_new().
 *
 * Context: any; takes no lock and may run beside writers.
 *
 * Return: false if not; the sums say what it lost.
 */
bool tapdrop_counters_lost_since(const struct tapdrop_counters *c,
				 unsigned long since)
{
	const unsigned long *last = c->last;
	long before = -1;
	int i;

	/* Stays negative, as for time_before(), if all are. */
	for (i = 0; i < TAPDROP_NR_CELLS; i += 4) {
		before &= READ_ONCE(last[i]) - since;
		before &= READ_ONCE(last[i + 1]) - since;
		before &= READ_ONCE(last[i + 2]) - since;
		before &= READ_ONCE(last[i + 3]) - since;
	}
	return before >= 0;
}

/**
 * tapdrop_spill_sum - add the frames that found no memory to sums
 * @sums: where to add it
 * @spill: what to add
 *
 * Context: any; takes no lock and may run beside writers.
 */
void tapdrop_spill_sum(struct tapdrop_sums *sums,
		       const struct tapdrop_spill *spill)
{
	unsigned long packets;
	int i;

	for (i = 0; i < TAPDROP_NR_CELLS; i++) {
		packets = atomic_long_read(&spill->packets[i]);
		if (packets)
			tapdrop_sums_add(sums, i, packets,
					 READ_ONCE(spill->last[i]));
	}
}

/**
 * tapdrop_sums_end - make sums fit to be shown, when all is added
 * @sums: counters
 *
 * A reader may see the count of a frame before its time. Such a frame was lost
 * just now.
 */
void tapdrop_sums_end(struct tapdrop_sums *sums)
{
	u64 cells;

	for (cells = sums->cells; cells; cells &= cells - 1)
		if (!sums->last[__ffs64(cells)])
			sums->last[__ffs64(cells)] = jiffies;
}

/**
 * tapdrop_sums_since - which counters have grown since a time?
 * @sums: counters, fit to be shown
 * @since: the time, in jiffies
 *
 * Return: bit per cell that is not zero and was last lost then or later.
 */
u64 tapdrop_sums_since(const struct tapdrop_sums *sums, unsigned long since)
{
	u64 cells, found = 0;

	for (cells = sums->cells; cells; cells &= cells - 1)
		if (time_after_eq(sums->last[__ffs64(cells)], since))
			found |= cells & -cells;
	return found;
}
