// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lost frames, by flow. A sender may give each frame an address of its own, so
 * there is a limit to what is kept.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "flows.h"
#include "xalloc.h"

#define MAX_FLOWS	65536

static uint32_t hash_bytes(uint32_t hash, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len--)
		hash = (hash ^ *p++) * 16777619;
	return hash;
}

static uint32_t hash_of(const struct flows *f, const struct lost *l)
{
	uint32_t hash = f->seed;

	hash = hash_bytes(hash, &l->netns, sizeof(l->netns));
	hash = hash_bytes(hash, &l->ifindex, sizeof(l->ifindex));
	hash = hash_bytes(hash, &l->queue, sizeof(l->queue));
	hash = hash_bytes(hash, &l->dir, sizeof(l->dir));
	hash = hash_bytes(hash, l->reason, strlen(l->reason));
	return hash_bytes(hash, &l->headers, sizeof(l->headers));
}

static bool is_same(const struct lost *a, const struct lost *b)
{
	return a->netns == b->netns && a->ifindex == b->ifindex &&
	       a->queue == b->queue && a->dir == b->dir &&
	       !strcmp(a->reason, b->reason) &&
	       !memcmp(&a->headers, &b->headers, sizeof(a->headers));
}

/* The slot of a flow, or the one that it would take. */
static uint32_t *find_slot(const struct flows *f, const struct lost *l)
{
	size_t i = hash_of(f, l) & (f->n_slots - 1);

	while (f->slots[i] && !is_same(&f->list[f->slots[i] - 1].like, l))
		i = (i + 1) & (f->n_slots - 1);
	return &f->slots[i];
}

static void grow(struct flows *f)
{
	size_t i;

	/* Who sends the frames shall not know where they go. */
	if (!f->n_slots)
		getrandom(&f->seed, sizeof(f->seed), GRND_NONBLOCK);
	f->n_slots = f->n_slots ? 2 * f->n_slots : 256;
	f->slots = xrealloc(f->slots, f->n_slots, sizeof(*f->slots));
	memset(f->slots, 0, f->n_slots * sizeof(*f->slots));
	f->list = xrealloc(f->list, f->n_slots / 2, sizeof(*f->list));
	for (i = 0; i < f->n; i++)
		*find_slot(f, &f->list[i].like) = i + 1;
}

/**
 * flows_add() - count a lost frame for its flow
 * @f: flows; zeroed at first
 * @lost: the frame
 */
void flows_add(struct flows *f, const struct lost *lost)
{
	struct flow *flow;
	uint32_t *slot;

	if (f->n < MAX_FLOWS && f->n >= f->n_slots / 2)
		grow(f);
	slot = find_slot(f, lost);
	if (!*slot && f->n == MAX_FLOWS) {
		f->other += lost->packets;
		return;
	}
	if (!*slot) {
		*slot = ++f->n;
		f->list[f->n - 1] = (struct flow){ .like = *lost };
	}
	flow = &f->list[*slot - 1];
	flow->packets += lost->packets;
	flow->bytes += lost->len;
}

static int more(const void *pa, const void *pb)
{
	const struct flow *a = pa, *b = pb;

	if (a->packets != b->packets)
		return a->packets < b->packets ? 1 : -1;
	return a->like.time > b->like.time ? 1 : -1;
}

/**
 * flows_sort() - sort the flows: those that lost most come first
 * @f: flows; nothing can be added any more
 */
void flows_sort(struct flows *f)
{
	if (f->n)
		qsort(f->list, f->n, sizeof(*f->list), more);
}

/**
 * flows_free() - free all flows
 * @f: flows
 */
void flows_free(struct flows *f)
{
	free(f->list);
	free(f->slots);
	*f = (struct flows){};
}
