/* SPDX-License-Identifier: GPL-2.0-only */
/* Ranges, as plugins of monitoring systems take them. */
#ifndef _TAPDROP_RANGE_H
#define _TAPDROP_RANGE_H

#include <stdbool.h>

/**
 * struct range - which values are to be reported
 * @min: the smallest value of the range
 * @max: the largest value of the range
 * @inside: report what is in the range, not what is outside of it
 */
struct range {
	double min;
	double max;
	bool inside;
};

int range_parse(const char *text, struct range *range);
bool range_reports(const struct range *range, double value);

#endif /* _TAPDROP_RANGE_H */
