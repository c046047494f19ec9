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

	if (!diff)
		diff = COMPARE(a->ifindex, b->ifindex);
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

static size_t count_counters(const struct sources *s,
			     const struct selector *sel)
{
	struct place at;
	size_t n = 0;

	for_each_selected(at, s, sel)
		n += at.dev->n_counters;
	return n;
}

static struct row *collect(const struct sources *s, const struct selector *sel,
			   size_t n)
{
	struct row *rows = xrealloc(NULL, n, sizeof(*rows));
	struct row *row = rows;
	const struct tapdrop_counter *c;
	struct place at;

	for_each_selected(at, s, sel) {
		tapdrop_for_each_counter(c, at.dev) {
			*row = make_row(at.src - s->list, at.dev, c);
			row++;
		}
	}
	qsort(rows, n, sizeof(*rows), compare);
	return rows;
}

static int compare_devices(const void *pa, const void *pb)
{
	const struct watched *a = pa, *b = pb;

	return COMPARE(a->src, b->src) ?: COMPARE(a->ifindex, b->ifindex);
}

static void collect_devices(struct history *h, const struct sources *s,
			    const struct selector *sel)
{
	size_t max = 0;
	struct place at;

	free(h->devices);
	h->devices = NULL;
	h->n_devices = 0;
	for_each_selected(at, s, sel)
		max++;
	h->devices = xrealloc(NULL, max + 1, sizeof(*h->devices));
	for_each_selected(at, s, sel)
		h->devices[h->n_devices++] = (struct watched){
			at.src - s->list, at.dev->ifindex };
	qsort(h->devices, h->n_devices, sizeof(*h->devices), compare_devices);
}

/* It was not here at the last look, and is older than that: what it has lost,
 * it may have lost elsewhere.
 */
static bool has_arrived(const struct history *h, const struct row *row,
			double elapsed)
{
	struct watched key = { row->src, row->ifindex };

	return row->ifindex && is_older_than(row->dev, elapsed * 1000) &&
	       !bsearch(&key, h->devices, h->n_devices, sizeof(key),
			compare_devices);
}

/* A counter that is new, or was larger, has started again at zero. */
static void grow(struct row *row, const struct row *old, size_t steps,
		 bool arrived)
{
	row->delta = arrived ? 0 : row->packets;
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
	size_t i, k = 0, n = count_counters(s, sel);
	struct row *rows = collect(s, sel, n);
	const struct row *old;
	int diff;

	for (i = 0; h->looks && i < n; i++) {
		old = NULL;
		diff = -1;
		while (k < h->n &&
		       (diff = compare(&h->rows[k], &rows[i])) < 0)
			k++;
		if (k < h->n && !diff)
			old = &h->rows[k];
		grow(&rows[i], old, steps,
		     !old && has_arrived(h, &rows[i], time - h->time));
	}
	collect_devices(h, s, sel);

	free(h->rows);
	h->rows = rows;
	h->n = n;
	h->elapsed = time - h->time;
	h->time = time;
	h->looks++;
}

/**
 * history_rate() - how fast a counter grows
 * @h: history
 * @row: counter
 *
 * Return: frames per second; 0 at the first look.
 */
double history_rate(const struct history *h, const struct row *row)
{
	return h->looks > 1 && h->elapsed > 0 ? row->delta / h->elapsed : 0;
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
