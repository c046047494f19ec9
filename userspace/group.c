// SPDX-License-Identifier: GPL-2.0-only
/* Groups of devices, which have numbers, and names where iproute2 has them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "group.h"
#include "text.h"
#include "xalloc.h"

/* The administrator's file, and that of the distribution. */
static const char * const files[] = {
	"/etc/iproute2/group",
	"/usr/share/iproute2/group",
};

/* A line is a number and a name; # begins a comment. */
static int find_in(const char *path, const char *name, uint32_t *group)
{
	FILE *f = fopen(path, "re");
	char line[256], word[256];
	int err = -ENOENT, number;

	if (!f)
		return -errno;
	while (err && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "#")] = '\0';
		if (sscanf(line, "%i %s", &number, word) == 2 &&
		    !strcmp(word, name)) {
			*group = number;
			err = 0;
		}
	}
	fclose(f);
	return err;
}

/**
 * group_number() - find a group
 * @name: its number or name
 * @group: where to put the number
 *
 * Return: 0 or a negative errno.
 */
int group_number(const char *name, uint32_t *group)
{
	uint64_t number;
	int err = -ENOENT;
	size_t i;

	if (!parse_number(name, UINT32_MAX, &number)) {
		*group = number;
		return 0;
	}
	for (i = 0; i < ARRAY_SIZE(files) && err; i++)
		err = find_in(files[i], name, group);
	return err;
}
