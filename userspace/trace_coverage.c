// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether what is traced is counted all the time: else it is not traced either.
 *
 * All is opened anew, as what is open keeps network namespaces that have gone.
 */
#include <errno.h>

#include "exitcode.h"
#include "fail.h"
#include "lost_print.h"
#include "netns.h"
#include "options.h"
#include "source.h"
#include "trace_coverage.h"
#include "wait.h"

/* It was attached while the trace was going on. */
static bool has_begun_since(const struct tapdrop_device *dev, double began)
{
	return is_counted_later(dev) && dev->since_ms / 1e3 < now() - began;
}

static int look_at(struct trace_coverage *seen, struct source *src,
		   const struct selector *sel, const struct trace_places *places)
{
	const struct tapdrop_device *dev;
	int err;

	err = tapdrop_dump(src->td, &src->filter, &src->stats);
	if (err)
		return source_fail(src, err);
	tapdrop_for_each_device(dev, src->stats) {
		if (!dev->ifindex ||
		    !trace_chosen_device(sel, places, netns_inode(src->netns_fd), dev))
			continue;
		seen->uncounted += !is_counted(dev);
		seen->parts += has_begun_since(dev, seen->began);
	}
	return EXIT_OK;
}

static int look(struct trace_coverage *seen, const struct selector *sel,
		const struct trace_places *places)
{
	const struct selector all = { .filter.scope = TAPDROP_SCOPE_DEVICE };
	const char *record = opt.record;
	struct sources s = {};
	struct source *src;
	int code;

	/* It is the trace that is recorded. */
	opt.record = NULL;
	/* A namespace that has gone has nothing that is traced, and what is left out
	 * was said when the trace began.
	 */
	code = opt.all_netns || opt.netns ?
	       sources_update(&s, &all, NULL, NULL) :
	       sources_open_patiently(&s, &all);
	for_each_source(src, &s) {
		if (!code)
			code = look_at(seen, src, sel, places);
	}
	sources_close(&s);
	opt.record = record;
	return code;
}

/**
 * trace_coverage_look() - say it if it has become more that is not traced
 * @c: what was said before
 * @sel: selection
 * @places: where its devices are
 *
 * If it cannot be seen, that is said once, and the trace goes on.
 *
 * Return: exit code.
 */
int trace_coverage_look(struct trace_coverage *c, const struct selector *sel,
			const struct trace_places *places)
{
	struct trace_coverage seen = { .began = c->began };

	if (c->unseen)
		return EXIT_OK;
	if (look(&seen, sel, places)) {
		c->unseen = true;
		return EXIT_OK;
	}
	if (seen.uncounted > c->uncounted)
		lost_print_untraced(seen.uncounted, false);
	if (seen.parts > c->parts)
		lost_print_untraced(seen.parts, true);
	*c = seen;
	return close_output(EXIT_OK);
}
