/* SPDX-License-Identifier: GPL-2.0-only */
/* How our sums compare with the standard counters. */
#ifndef _TAPDROP_COMPARE_H
#define _TAPDROP_COMPARE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "select.h"
#include "source.h"

bool offered(const struct source *src, const struct tapdrop_device *dev,
	     uint32_t dir, uint64_t *frames);
const char *percentage(char dst[16], uint64_t part, uint64_t all);
void print_standard(const struct sources *s, const struct selector *sel,
		    FILE *f);

#endif /* _TAPDROP_COMPARE_H */
