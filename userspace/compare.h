/* SPDX-License-Identifier: GPL-2.0-only */
/* How our sums compare with the standard counters. */
#ifndef _TAPDROP_COMPARE_H
#define _TAPDROP_COMPARE_H

#include <stdio.h>

#include "select.h"
#include "source.h"

void print_standard(const struct sources *s, const struct selector *sel,
		    FILE *f);

#endif /* _TAPDROP_COMPARE_H */
