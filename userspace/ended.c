// SPDX-License-Identifier: GPL-2.0-only
/* Devices that have ended, for whoever comes later to read their counters. */
#include <stdlib.h>
#include <string.h>

#include "ended.h"
#include "place.h"
#include "reason.h"
#include "wait.h"
#include "xalloc.h"

/**
 * ended_init() - begin without devices
 * @e: where to
 * @sel: selection; of what it lets through, all sums are there from the start
 */
void ended_init(struct ended *e, const struct selector *sel)
{
	const struct tapdrop_reason_info *reasons;
	uint32_t dir;
	size_t i, n;

	*e = (struct ended){};
	reasons = tapdrop_reasons(&n);
	for (dir = TAPDROP_DIR_TO_USER; dir <= TAPDROP_DIR_FROM_USER; dir++) {
		for (i = 0; i < n; i++) {
			if (reasons[i].class_id == TAPDROP_CLASS_LOSS &&
			    reason_occurs(reasons[i].id, 0, dir) &&
			    lets_through(sel, dir, reasons[i].id))
				sums_add(&e->sums, dir, reasons[i].id, 0);
		}
	}
}

/* Return: true if a selection lets a counter of an event through. */
static bool wanted(const struct selector *sel, const struct tapdrop_counter *c)
{
	const struct tapdrop_filter *f = &sel->filter;

	if (f->no_queue && c->queue != TAPDROP_NO_QUEUE)
		return false;
	if (f->has_queue && c->queue != (int32_t)f->queue)
		return false;
	return c->packets && lets_through(sel, c->dir, c->reason);
}

static void copy_counters(struct tapdrop_device *to,
			  const struct tapdrop_device *from,
			  const struct selector *sel)
{
	const struct tapdrop_counter *c;
	struct tapdrop_counter *list;

	list = xrealloc(NULL, from->n_counters, sizeof(*list));
	to->counters = list;
	to->n_counters = 0;
	tapdrop_for_each_counter(c, from) {
		if (wanted(sel, c))
			list[to->n_counters++] = *c;
	}
}

static bool same_text(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

static bool same_name(const struct ended_device *d, const struct source *src,
		      const struct tapdrop_device *dev)
{
	return !strcmp(d->dev.ifname, dev->ifname) &&
	       same_text(d->src.netns, src->netns);
}

static void forget(struct ended *e, size_t i)
{
	struct ended_device *d = &e->list[i];

	free((void *)d->dev.counters);
	free(d->src.netns);
	memmove(d, d + 1, (--e->n - i) * sizeof(*d));
}

static void forget_name(struct ended *e, const struct source *src,
			const struct tapdrop_device *dev)
{
	size_t i;

	for (i = 0; i < e->n; i++) {
		if (same_name(&e->list[i], src, dev)) {
			forget(e, i);
			return;
		}
	}
}

static void add_sums(struct ended *e, const struct source *src,
		     const struct tapdrop_device *dev)
{
	const struct tapdrop_counter *c;

	tapdrop_for_each_counter(c, dev) {
		if (reason_info(src, c->reason)->class_id ==
		    TAPDROP_CLASS_LOSS)
			sums_add(&e->sums, c->dir, c->reason, c->packets);
	}
}

/**
 * ended_add() - keep a device, unless it lost nothing
 * @e: where to
 * @src: its source
 * @dev: the device, with its last counters
 * @time: when these were read, as now() says
 * @sel: which of them are wanted
 */
void ended_add(struct ended *e, const struct source *src,
	       const struct tapdrop_device *dev, double time,
	       const struct selector *sel)
{
	struct ended_device d = {
		.time = now(),
		.birth = time - dev->since_ms / 1e3,
		.dev = *dev,
	};

	/* It belongs to the answer. */
	d.dev.ifalias = NULL;

	e->devices++;
	forget_name(e, src, dev);
	copy_counters(&d.dev, dev, sel);
	if (!d.dev.n_counters) {
		free((void *)d.dev.counters);
		return;
	}
	add_sums(e, src, &d.dev);
	if (e->n == ENDED_MAX)
		forget(e, 0);
	d.src = (struct source){ .netns_fd = -1 };
	if (src->netns)
		d.src.netns = xstrdup(src->netns);
	e->list = xrealloc(e->list, e->n + 1, sizeof(*e->list));
	e->list[e->n++] = d;
}

/**
 * ended_expire() - forget devices that have been kept long enough
 * @e: devices
 * @seconds: how long
 */
void ended_expire(struct ended *e, double seconds)
{
	double time = now();

	while (e->n && time - e->list[0].time >= seconds)
		forget(e, 0);
}

/**
 * ended_give_way() - forget devices whose name another one has now
 * @e: devices
 * @s: sources
 * @sel: selection
 */
void ended_give_way(struct ended *e, const struct sources *s,
		    const struct selector *sel)
{
	struct place at;

	if (!e->n)
		return;
	for_each_selected(at, s, sel)
		forget_name(e, at.src, at.dev);
}

/**
 * ended_free() - free all
 * @e: devices
 */
void ended_free(struct ended *e)
{
	while (e->n)
		forget(e, e->n - 1);
	free(e->list);
	sums_free(&e->sums);
}
