/* SPDX-License-Identifier: GPL-2.0-only */
/* Metrics in a file that is always up to date. */
#ifndef _TAPDROP_FOLLOW_H
#define _TAPDROP_FOLLOW_H

#include <stdbool.h>

#include "select.h"

int follow(const char *output, bool open_metrics, double interval,
	   const struct selector *sel);

#endif /* _TAPDROP_FOLLOW_H */
