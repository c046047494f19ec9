/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of network namespaces, by the numbers that a trace has. */
#ifndef _TAPDROP_NETNS_NAMES_H
#define _TAPDROP_NETNS_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "source.h"

struct netns_name;

/**
 * struct netns_names - names by number; zeroed there are none
 * @list: the names
 * @n: number of @list
 */
struct netns_names {
	struct netns_name *list;
	size_t n;
};

void netns_names_note(struct netns_names *names, const struct sources *s);
const char *netns_names_find(uint32_t inode, const void *arg);
void netns_names_free(struct netns_names *names);

#endif /* _TAPDROP_NETNS_NAMES_H */
