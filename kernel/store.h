/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TAPDROP_STORE_H
#define _TAPDROP_STORE_H

#include "counters.h"

bool tapdrop_store_start(struct tapdrop_dev *td, unsigned int queues);
void tapdrop_store_attach(struct tapdrop_dev *td, unsigned int queue);
void tapdrop_store_reach(struct tapdrop_dev *td, unsigned int queue);
void tapdrop_store_move(struct tapdrop_dev *td, unsigned int from,
			unsigned int to);
void tapdrop_store_adopt(struct tapdrop_dev *td);
void tapdrop_store_unpaid(struct tapdrop_dev *td);
void tapdrop_store_any_index(struct tapdrop_dev *td);
void tapdrop_store_end(struct tapdrop_dev *td);
bool tapdrop_store_lost_since(const struct tapdrop_dev *td, unsigned int queue,
			      unsigned long since);
bool tapdrop_store_sum(const struct tapdrop_dev *td, unsigned int queue,
		       struct tapdrop_sums *sums);

int tapdrop_store_init(void);
void tapdrop_store_exit(void);

#endif /* _TAPDROP_STORE_H */
