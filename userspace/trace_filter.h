/* SPDX-License-Identifier: GPL-2.0-only */
/* What is selected, as a filter of the kernel for tapdrop:drop. */
#ifndef _TAPDROP_TRACE_FILTER_H
#define _TAPDROP_TRACE_FILTER_H

#include <stdbool.h>

#include "select.h"
#include "source.h"

bool trace_by_index(const struct selector *sel);
char *trace_filter(const struct selector *sel, const struct sources *s);

#endif /* _TAPDROP_TRACE_FILTER_H */
