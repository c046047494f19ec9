/* SPDX-License-Identifier: GPL-2.0-only */
/* Where counters come from: network namespaces, or a recorded dump. */
#ifndef _TAPDROP_SOURCE_H
#define _TAPDROP_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "holder.h"
#include "lib/tapdrop.h"
#include "select.h"
#include "xalloc.h"

/**
 * struct source - a network namespace, or a recorded dump
 * @netns: name, or NULL for the one we are in
 * @netns_fd: descriptor of it, or -1
 * @td: handle
 * @filter: filter of requests
 * @stats: answer to the last one, or NULL
 * @links: standard counters, or NULL
 * @n_links: number of @links
 * @ifindexes: devices of the names that select some, or NULL
 * @master: interface index of the master that selects some
 * @belongs: what devices belong to, if that selects some
 * @n_belongs: number of @belongs
 * @holders: those of &struct sources
 * @net: the namespace, to find them in
 */
struct source {
	char *netns;
	int netns_fd;
	struct tapdrop *td;
	struct tapdrop_filter filter;
	struct tapdrop_stats *stats;
	struct tapdrop_link_stats *links;
	size_t n_links;
	uint32_t *ifindexes;
	uint32_t master;
	struct tapdrop_link *belongs;
	size_t n_belongs;
	const struct holders *holders;
	struct holder_net net;
};

/**
 * struct sources - where counters come from
 * @list: the sources
 * @n: number of sources
 * @home_fd: network namespace to return to, or 0
 * @left_out: number of network namespaces that are there and not in @list
 * @limited: number of those of them for which too few files can be open
 * @files: how many can be
 * @holders: who has queues open, or NULL if nobody asked
 */
struct sources {
	struct source *list;
	size_t n;
	int home_fd;
	size_t left_out;
	size_t limited;
	uint64_t files;
	struct holders *holders;
};

/** for_each_source() - walk through all sources; there may be none. */
#define for_each_source(src, s)	for_each_element(src, (s)->list, (s)->n)

int source_enter(const struct source *src);
int source_fail(const struct source *src, int err);
int sources_open(struct sources *s, const struct selector *sel);
int sources_open_patiently(struct sources *s, const struct selector *sel);
int sources_update(struct sources *s, const struct selector *sel,
		   void (*gone)(struct source *src, void *arg), void *arg);
int sources_find_holders(struct sources *s);
void sources_close(struct sources *s);

#endif /* _TAPDROP_SOURCE_H */
