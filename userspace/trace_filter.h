/* SPDX-License-Identifier: GPL-2.0-only */
/* What is selected of a trace, as a filter of the kernel and as ours. */
#ifndef _TAPDROP_TRACE_FILTER_H
#define _TAPDROP_TRACE_FILTER_H

#include <stdbool.h>

#include "lost.h"
#include "select.h"
#include "source.h"

struct trace_place;

/**
 * struct trace_places - where selected devices are
 * @list: the places, sorted
 * @n: number of @list
 * @anywhere: in any network namespace; there are no places
 */
struct trace_places {
	struct trace_place *list;
	size_t n;
	bool anywhere;
};

bool trace_by_index(const struct selector *sel);
void trace_places_note(struct trace_places *places, const struct selector *sel,
		       const struct sources *s);
void trace_places_free(struct trace_places *places);
char *trace_filter(const struct selector *sel,
		   const struct trace_places *places);
bool trace_chosen(const struct selector *sel, const struct trace_places *places,
		  const struct lost *lost);
bool trace_chosen_device(const struct selector *sel,
			 const struct trace_places *places, uint32_t netns,
			 const struct tapdrop_device *dev);

#endif /* _TAPDROP_TRACE_FILTER_H */
