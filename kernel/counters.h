/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TAPDROP_COUNTERS_H
#define _TAPDROP_COUNTERS_H

#include <linux/types.h>

#include <uapi/linux/tapdrop.h>

#include "hooks.h"

/**
 * struct tapdrop_sums - counters summed over CPUs, and perhaps queues
 * @cells: bit per cell that is not zero; the others hold nothing
 * @packets: number of frames, for each direction and reason
 * @last: time of the last loss, in jiffies
 */
struct tapdrop_sums {
	u64 cells;
	u64 packets[TAPDROP_NR_CELLS];
	unsigned long last[TAPDROP_NR_CELLS];
};

/**
 * struct tapdrop_cell_info - what a cell counts
 * @dir: enum tapdrop_dir
 * @reason: enum tapdrop_reason
 */
struct tapdrop_cell_info {
	u8 dir;
	u8 reason;
};

/**
 * struct tapdrop_reason_info - a row of the table of reasons
 * @name: our name
 * @skb_reason: the kernel's enum skb_drop_reason
 * @class: enum tapdrop_class
 * @meaning: one sentence
 */
struct tapdrop_reason_info {
	const char *name;
	unsigned int skb_reason;
	u8 class;
	const char *meaning;
};

extern const struct tapdrop_cell_info tapdrop_cells[TAPDROP_NR_CELLS];
extern const struct tapdrop_reason_info tapdrop_reasons[];
extern const unsigned int tapdrop_nr_reasons;

void tapdrop_counters_sum(struct tapdrop_sums *sums,
			  const struct tapdrop_counters *c);
bool tapdrop_counters_lost_since(const struct tapdrop_counters *c,
				 unsigned long since);
void tapdrop_spill_sum(struct tapdrop_sums *sums,
		       const struct tapdrop_spill *spill);
void tapdrop_sums_end(struct tapdrop_sums *sums);
u64 tapdrop_sums_since(const struct tapdrop_sums *sums, unsigned long since);

#endif /* _TAPDROP_COUNTERS_H */
