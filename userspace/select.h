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
 * struct word - a word with a value that one command takes beside a selector
 * @name: the word
 * @parse: takes the value; returns an exit code
 * @arg: argument of @parse
 */
struct word {
	const char *name;
	int (*parse)(const char *value, void *arg);
	void *arg;
};

int parse_selector(int argc, char **argv, struct selector *sel,
		   const struct word *words, size_t n_words);
bool selected(const struct selector *sel, const struct tapdrop_device *dev);
bool visible(const struct selector *sel, const struct tapdrop_device *dev);
bool is_filtered(const struct selector *sel);

#endif /* _TAPDROP_SELECT_H */
