/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether what is traced is counted all the time: else it is not traced either. */
#ifndef _TAPDROP_TRACE_COVERAGE_H
#define _TAPDROP_TRACE_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "select.h"
#include "trace_filter.h"

/**
 * struct trace_coverage - what was said of devices that are not traced
 * @began: when the trace did, by now()
 * @uncounted: how many devices were not counted at the last look
 * @parts: how many were counted by then, but not since the trace began
 * @unseen: nobody is asked any more, as there was no answer
 */
struct trace_coverage {
	double began;
	size_t uncounted;
	size_t parts;
	bool unseen;
};

int trace_coverage_look(struct trace_coverage *c, const struct selector *sel,
			const struct trace_places *places);

#endif /* _TAPDROP_TRACE_COVERAGE_H */
