/* SPDX-License-Identifier: GPL-2.0-only */
/* Network namespaces. */
#ifndef _TAPDROP_NETNS_H
#define _TAPDROP_NETNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct netns - a network namespace
 * @name: name, or NULL for the one we are in
 * @fd: descriptor
 */
struct netns {
	char *name;
	int fd;
};

/**
 * struct netns_list - network namespaces
 * @list: the namespaces
 * @n: number of @list
 * @refused: number of those that we may not see
 * @limited: number of those for which too few files can be open
 * @files: how many can be
 */
struct netns_list {
	struct netns *list;
	size_t n;
	size_t refused;
	size_t limited;
	uint64_t files;
};

/* What /proc and lsns call one without a name: "net:[4026532008]" */
#define NETNS_NAMELESS "net:["

int netns_open(const char *name);
bool netns_is_nameless(const char *name);
bool netns_is_there(int fd);
uint32_t netns_inode(int fd);
bool netns_same(int a, int b);
bool netns_enter(int fd);
int netns_list_all(struct netns_list *l);

#endif /* _TAPDROP_NETNS_H */
