/* SPDX-License-Identifier: GPL-2.0-only */
/* Where counters come from: network namespaces, or a recorded dump. */
#ifndef _TAPDROP_SOURCE_H
#define _TAPDROP_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "holder.h"
#include "lib/tapdrop.h"
#include "select.h"

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
 * @refused: number of network namespaces that we may not enter
 * @holders: who has queues open, or NULL if nobody asked
 */
struct sources {
	struct source *list;
	size_t n;
	int home_fd;
	size_t refused;
	struct holders *holders;
};

/**
 * struct place - a device, and where it is
 * @src: its source
 * @dev: the device
 */
struct place {
	const struct source *src;
	const struct tapdrop_device *dev;
};

/** for_each_selected() - walk through the selected devices of all sources. */
#define for_each_selected(at, s, sel)					\
	for ((at) = (struct place){}; next_selected(&(at), s, sel); )

bool next_selected(struct place *place, const struct sources *s,
		   const struct selector *sel);

size_t count_uncounted(const struct sources *s, const struct selector *sel);
int source_fail(const struct source *src, int err);
int sources_open(struct sources *s, const struct selector *sel);
int sources_open_patiently(struct sources *s, const struct selector *sel);
int sources_update(struct sources *s, const struct selector *sel,
		   void (*gone)(struct source *src, void *arg), void *arg);
int sources_dump(struct sources *s, const struct selector *sel);
int sources_dump_next(struct sources *s, const struct selector *sel);
bool sources_consistent(const struct sources *s);
int sources_dump_links(struct sources *s);
int sources_find_holders(struct sources *s);
void sources_close(struct sources *s);
const struct tapdrop_link_stats *source_link(const struct source *src,
					     const struct tapdrop_device *dev);

/* Room for NETNS/DEVICE with every byte escaped. */
#define DEVICE_NAME	2048
const char *device_name(char dst[DEVICE_NAME], const struct source *src,
			const struct tapdrop_device *dev);

#endif /* _TAPDROP_SOURCE_H */
