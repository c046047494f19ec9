/* SPDX-License-Identifier: GPL-2.0-only */
/* Words that choose devices, queues, directions and reasons. */
#ifndef _TAPDROP_SELECT_H
#define _TAPDROP_SELECT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/tapdrop.h"

/**
 * struct pattern - a name or a glob that devices are chosen by
 * @text: the name or glob
 * @is_glob: @text is a glob
 * @exclude: it chooses what is left out
 */
struct pattern {
	const char *text;
	bool is_glob;
	bool exclude;
};

/**
 * struct selector - which devices and counters to show
 * @dev: the only name or glob that chooses devices; NULL if there is none, or
 *	more than one
 * @is_glob: @dev is a glob
 * @patterns: all names and globs; valid until the next parse_selector()
 * @n_patterns: number of @patterns
 * @n_includes: how many of them choose what is shown
 * @master: only devices of this master, or NULL
 * @has_group: @group is set
 * @group: only devices of this group
 * @up: only devices that are up
 * @all: also devices without drops
 * @filter: what the library filters
 */
struct selector {
	const char *dev;
	bool is_glob;
	const struct pattern *patterns;
	size_t n_patterns;
	size_t n_includes;
	const char *master;
	bool has_group;
	uint32_t group;
	bool up;
	bool all;
	struct tapdrop_filter filter;
};

/**
 * struct selector_info - a word that selects
 * @name: the word
 * @usage: how it is typed: in capitals what stands for something else
 * @help: what it selects
 * @set: takes the value, or the word if it has none; returns an exit code
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
 * @set: takes the value, or NULL; returns an exit code. Without it, the word is
 *	for help and completion only.
 */
struct word {
	const char *name;
	const char *value;
	int (*set)(const char *value, void *arg);
};

bool selector_has_value(const struct selector_info *info);
int parse_selector(int argc, char **argv, struct selector *sel,
		   const struct word *words, void *arg);
bool is_counted(const struct tapdrop_device *dev);
bool has_numbers(const struct tapdrop_device *dev);
bool is_counted_later(const struct tapdrop_device *dev);
bool pattern_matches(const struct pattern *p, const char *name);
bool selected(const struct selector *sel, const uint32_t *ifindexes,
	      const struct tapdrop_device *dev);
bool wants_links(const struct selector *sel);
bool visible(const struct selector *sel, const struct tapdrop_device *dev);
bool lets_through(const struct selector *sel, uint32_t dir, uint32_t reason);
bool is_filtered(const struct selector *sel);

#endif /* _TAPDROP_SELECT_H */
