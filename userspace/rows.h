/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters as rows of a table, or as a line of words. */
#ifndef _TAPDROP_ROWS_H
#define _TAPDROP_ROWS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/tapdrop.h"
#include "source.h"
#include "table.h"

struct table *counter_table_new(bool ratio);
void table_ratio(struct table *t, enum style style, const struct source *src,
		 const struct tapdrop_device *dev, uint32_t dir,
		 uint64_t packets);
uint64_t last_loss(const struct source *src, const struct tapdrop_device *dev,
		   uint32_t dir);
void table_device(struct table *t, const struct source *src,
		  const struct tapdrop_device *dev);
void table_dir(struct table *t, enum style style,
	       const struct tapdrop_device *dev, uint32_t dir);
void table_reason(struct table *t, enum style style,
		  const struct tapdrop_reason_info *info);
void table_last(struct table *t, enum style style,
		const struct tapdrop_device *dev, uint64_t ms);
void table_counters(struct table *t, const struct source *src,
		    const struct tapdrop_device *dev);
void print_coverage(const struct sources *s, const struct selector *sel,
		    FILE *f);
void print_uncounted(const struct source *src, const struct tapdrop_device *dev);
void print_device(const struct source *src, const struct tapdrop_device *dev);
void print_counters(const struct source *src, const struct tapdrop_device *dev);
void print_counter(const struct source *src, const struct tapdrop_device *dev,
		   const struct tapdrop_counter *c);

#endif /* _TAPDROP_ROWS_H */
