// SPDX-License-Identifier: GPL-2.0-only
/* Names of network namespaces, by the numbers that a trace has. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netns.h"
#include "netns_names.h"
#include "xalloc.h"

/**
 * struct netns_name - a network namespace that has a name
 * @inode: its number
 * @name: its name, or NULL for the one that we are in
 */
struct netns_name {
	uint32_t inode;
	char *name;
};

/**
 * netns_names_note() - note the names of all sources
 * @names: where to; there are none yet
 * @s: sources
 */
void netns_names_note(struct netns_names *names, const struct sources *s)
{
	const struct source *src;
	struct netns_name *to;

	names->list = xrealloc(NULL, s->n, sizeof(*names->list));
	for_each_source(src, s) {
		to = &names->list[names->n++];
		to->inode = netns_inode(src->netns_fd);
		to->name = src->netns ? xstrdup(src->netns) : NULL;
	}
}

/**
 * netns_names_find() - name a network namespace, as a teller does
 * @inode: its number
 * @arg: &struct netns_names
 *
 * Return: its name, or NULL for the one that we were in; the number, valid until
 * the next call, if it has none.
 */
const char *netns_names_find(uint32_t inode, const void *arg)
{
	const struct netns_names *names = arg;
	static char number[32];
	size_t i;

	for (i = 0; i < names->n; i++) {
		if (names->list[i].inode == inode)
			return names->list[i].name;
	}
	snprintf(number, sizeof(number), NETNS_NAMELESS "%u]", inode);
	return number;
}

/**
 * netns_names_free() - free all names
 * @names: names
 */
void netns_names_free(struct netns_names *names)
{
	size_t i;

	for (i = 0; i < names->n; i++)
		free(names->list[i].name);
	free(names->list);
}
