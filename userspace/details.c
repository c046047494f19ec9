// SPDX-License-Identifier: GPL-2.0-only
/* What -details adds: what the reasons mean. */
#include "tool.h"

/* Reasons that are newer than 63 are not explained. */
static uint64_t seen_reasons(const struct source *src,
			     const struct selector *sel)
{
	const struct tapdrop_device *dev;
	const struct tapdrop_counter *c;
	uint64_t seen = 0;

	tapdrop_for_each_device(dev, src->stats) {
		if (!selected(sel, dev))
			continue;
		tapdrop_for_each_counter(c, dev) {
			if (c->packets && c->reason < 64)
				seen |= 1ULL << c->reason;
		}
	}
	return seen;
}

/**
 * print_details() - print what is worth to know about counters just shown
 * @s: sources
 * @sel: selection
 * @f: where to
 */
void print_details(const struct sources *s, const struct selector *sel, FILE *f)
{
	const struct source *src;
	uint64_t seen = 0;
	uint32_t id;

	for (src = s->list; src < s->list + s->n; src++)
		seen |= seen_reasons(src, sel);
	for (id = 0; id < 64; id++) {
		if (seen & 1ULL << id) {
			putc('\n', f);
			explain_reason(reason_info(s->list, id), f);
		}
	}
}
