/* SPDX-License-Identifier: GPL-2.0-only */
/* Words that choose devices, queues, directions and reasons. */
#ifndef _TAPDROP_SELECT_H
#define _TAPDROP_SELECT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/tapdrop.h"

/**
 * struct selector - which devices and counters to show
 * @dev: name or glob of a device, or NULL
 * @is_glob: @dev is a glob
 * @all: also devices without drops
 * @filter: what the library filters
 */
struct selector {
	const char *dev;
	bool is_glob;
	bool all;
	struct tapdrop_filter filter;
};

/**
 * struct selector_info - a word that selects
 * @name: the word
 * @usage: how it is typed: in capitals what stands for something else
 * @help: what it selects
 * @set: takes the value; returns an exit code
 */
struct selector_info {
	const char *name;
	const char *usage;
	const char *help;
	int (*set)(struct selector *sel, const char *value);
};

extern const struct selector_info selector_infos[];
extern const size_t n_selector_infos;

/**
 * struct word - a word that one command takes beside selectors
 * @name: the word
 * @value: what its value is called, or NULL if it has none
 * @set: takes the value; returns an exit code
 */
struct word {
	const char *name;
	const char *value;
	int (*set)(const char *value, void *arg);
};

int parse_selector(int argc, char **argv, struct selector *sel,
		   const struct word *words, void *arg);
bool is_counted(const struct tapdrop_device *dev);
bool selected(const struct selector *sel, const struct tapdrop_device *dev);
bool visible(const struct selector *sel, const struct tapdrop_device *dev);
bool is_filtered(const struct selector *sel);

#endif /* _TAPDROP_SELECT_H */
