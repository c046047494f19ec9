// SPDX-License-Identifier: GPL-2.0-only
/* Counters over time. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "history.h"
#include "place.h"
#include "reason.h"
#include "xalloc.h"

#define COMPARE(a, b)	(((a) > (b)) - ((a) < (b)))

static int compare(const void *pa, const void *pb)
{
	const struct row *a = pa, *b = pb;
	int diff = COMPARE(a->src, b->src);

	/* As the library has them: orphans, whose index is 0, come last. */
	if (!diff)
		diff = COMPARE(a->ifindex - 1, b->ifindex - 1);
	if (!diff)
		diff = COMPARE(a->queue, b->queue);
	if (!diff)
		diff = COMPARE(a->dir, b->dir);
	if (!diff)
		diff = COMPARE(a->reason, b->reason);
	return diff;
}

static struct row make_row(size_t src, const struct tapdrop_device *dev,
			   const struct tapdrop_counter *c)
{
	return (struct row){
		.src = src,
		.ifindex = dev->ifindex,
		.queue = c->queue,
		.dir = c->dir,
		.reason = c->reason,
		.dev = dev,
		.counter = c,
		.packets = c->packets,
	};
}

static int compare_devices(const void *pa, const void *pb)
{
	const struct watched *a = pa, *b = pb;

	return COMPARE(a->src, b->src) ?: COMPARE(a->ifindex - 1, b->ifindex - 1);
}

static void add_row(struct history *h, size_t src,
		    const struct tapdrop_device *dev,
		    const struct tapdrop_counter *c)
{
	h->rows = xgrow(h->rows, h->n, &h->max, sizeof(*h->rows));
	h->rows[h->n++] = make_row(src, dev, c);
}

static const struct watched *find_device(const struct history *h, size_t src,
					 uint32_t ifindex)
{
	const struct watched key = { .src = src, .ifindex = ifindex };

	return h->n_devices ? bsearch(&key, h->devices, h->n_devices,
				      sizeof(key), compare_devices) : NULL;
}

/*
 * One that was not here at the last look, and is older than that, may have lost
 * elsewhere what it has lost; one that was attached since, in an earlier time.
 */
static bool was_counted(const struct watched *before,
			const struct tapdrop_device *dev, int64_t born,
			double elapsed)
{
	if (!before)
		return !dev->ifindex || (!is_counted_later(dev) &&
					 !is_older_than(dev, elapsed * 1000));
	return before->counted &&
	       (!is_counted_later(dev) || born - before->born <= PLACE_SLACK_MS);
}

static void add_device(struct history *h, const struct history *old,
		       const struct source *source, size_t src,
		       const struct tapdrop_device *dev)
{
	const struct tapdrop_moment *now = tapdrop_stats_moment(source->stats);
	const int64_t born = (int64_t)(now ? now->monotonic_ms : 0) -
			     (int64_t)dev->since_ms;
	const struct watched *before = find_device(old, src, dev->ifindex);

	h->devices = xgrow(h->devices, h->n_devices, &h->max_devices,
			   sizeof(*h->devices));
	h->devices[h->n_devices++] = (struct watched){
		src, dev->ifindex, is_counted(dev), born,
		was_counted(before, dev, born, h->elapsed)
	};
}

/* A recording may be in any order, and disturbed. */
static void sort(void *list, size_t n, size_t size,
		 int (*cmp)(const void *a, const void *b))
{
	char *p = list;
	size_t i;

	for (i = 1; i < n; i++, p += size) {
		if (cmp(p, p + size) <= 0)
			continue;
		qsort(list, n, size, cmp);
		return;
	}
}

/* What there is now, sorted. */
static void collect(struct history *h, const struct history *old,
		    const struct sources *s, const struct selector *sel)
{
	const struct tapdrop_counter *c;
	struct place at;
	size_t src;

	for_each_selected(at, s, sel) {
		src = at.src - s->list;
		add_device(h, old, at.src, src, at.dev);
		tapdrop_for_each_counter(c, at.dev)
			add_row(h, src, at.dev, c);
	}
	sort(h->devices, h->n_devices, sizeof(*h->devices), compare_devices);
	sort(h->rows, h->n, sizeof(*h->rows), compare);
}

/*
 * A counter that is new, or was larger, has started again at zero, unless it is of a
 * time or place that is not known.
 */
static void fill(struct row *row, const struct row *old, size_t steps, bool known)
{
	row->known = known;
	row->delta = old || known ? row->packets : 0;
	if (old && old->packets <= row->packets)
		row->delta -= old->packets;
	if (old && steps < HISTORY_CELLS)
		memcpy(row->cells, old->cells + steps,
		       (HISTORY_CELLS - steps) * sizeof(*row->cells));
	row->cells[HISTORY_CELLS - 1] += row->delta;
}

/**
 * history_look() - take in what sources_dump() has read
 * @h: history
 * @s: sources
 * @sel: selection
 * @time: seconds on any clock
 */
void history_look(struct history *h, const struct sources *s,
		  const struct selector *sel, double time)
{
	size_t steps = (size_t)(time / HISTORY_STEP) -
		       (size_t)(h->time / HISTORY_STEP);
	struct history fresh = {
		/* As many as before are likely. */
		.max = h->n,
		.max_devices = h->n_devices,
		.looks = h->looks + 1,
		.time = time,
		.elapsed = time - h->time,
	};
	const struct row *old;
	size_t i, k = 0;
	int diff;

	collect(&fresh, h, s, sel);
	for (i = 0; h->looks && i < fresh.n; i++) {
		old = NULL;
		diff = -1;
		while (k < h->n &&
		       (diff = compare(&h->rows[k], &fresh.rows[i])) < 0)
			k++;
		if (k < h->n && !diff)
			old = &h->rows[k];
		fill(&fresh.rows[i], old, steps,
		     find_device(&fresh, fresh.rows[i].src,
				 fresh.rows[i].ifindex)->known);
	}
	history_free(h);
	*h = fresh;
}

/**
 * history_knows() - is the rate of a counter known?
 * @h: history
 * @row: counter
 *
 * Return: false at the first look, and if its device was not here, or not counted,
 * all the time since the last one.
 */
bool history_knows(const struct history *h, const struct row *row)
{
	return h->looks > 1 && h->elapsed > 0 && row->known;
}

/**
 * history_has_part() - was a device attached since the last look?
 * @h: history
 * @src: index of its source
 * @dev: the device, which is counted
 *
 * Return: true if so: it was not counted all the time.
 */
bool history_has_part(const struct history *h, size_t src,
		      const struct tapdrop_device *dev)
{
	return h->looks > 1 && is_counted_later(dev) &&
	       !find_device(h, src, dev->ifindex)->known;
}

/**
 * history_rate() - how fast a counter grows
 * @h: history
 * @row: counter
 *
 * Return: frames per second; 0 if history_knows() nothing.
 */
double history_rate(const struct history *h, const struct row *row)
{
	return history_knows(h, row) ? row->delta / h->elapsed : 0;
}

/**
 * history_loss_rate() - how fast frames are lost
 * @h: history
 * @s: sources
 *
 * Return: frames per second.
 */
double history_loss_rate(const struct history *h, const struct sources *s)
{
	double rate = 0;
	size_t i;

	for (i = 0; i < h->n; i++) {
		if (reason_info(&s->list[h->rows[i].src],
				h->rows[i].reason)->class_id ==
		    TAPDROP_CLASS_LOSS)
			rate += history_rate(h, &h->rows[i]);
	}
	return rate;
}

/**
 * history_find() - find a counter
 * @h: history
 * @src: index of its source
 * @dev: its device
 * @c: the counter
 *
 * Return: the row, or NULL.
 */
const struct row *history_find(const struct history *h, size_t src,
			       const struct tapdrop_device *dev,
			       const struct tapdrop_counter *c)
{
	struct row key = make_row(src, dev, c);

	return bsearch(&key, h->rows, h->n, sizeof(key), compare);
}

/**
 * history_free() - free what a history holds
 * @h: history
 */
void history_free(struct history *h)
{
	free(h->rows);
	free(h->devices);
}
