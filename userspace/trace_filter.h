/* SPDX-License-Identifier: GPL-2.0-only */
/* What is selected of a trace, as a filter of the kernel and as ours. */
#ifndef _TAPDROP_TRACE_FILTER_H
#define _TAPDROP_TRACE_FILTER_H

#include <stdbool.h>

#include "lost.h"
#include "select.h"
#include "source.h"

bool trace_by_index(const struct selector *sel);
char *trace_filter(const struct selector *sel, const struct sources *s);
bool trace_chosen(const struct selector *sel, const struct lost *lost);

#endif /* _TAPDROP_TRACE_FILTER_H */
