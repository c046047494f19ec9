/* SPDX-License-Identifier: GPL-2.0-only */
/* Options, which hold for all commands. */
#ifndef _TAPDROP_OPTIONS_H
#define _TAPDROP_OPTIONS_H

#include <stdbool.h>

/**
 * struct options - options, which hold for all commands
 * @json: JSON instead of text
 * @pretty: indented JSON
 * @details: more of everything
 * @brief: a line a device
 * @oneline: a line a counter
 * @zeros: counters that are zero, too
 * @all_netns: all network namespaces that have a name
 * @timestamp: say when
 * @color: use colour
 * @netns: name of a network namespace, or NULL
 * @batch: file of commands, or NULL
 * @file: recorded dump to read, or NULL
 * @record: where to record dumps, or NULL
 */
struct options {
	bool json;
	bool pretty;
	bool details;
	bool brief;
	bool oneline;
	bool zeros;
	bool all_netns;
	bool timestamp;
	bool color;
	const char *netns;
	const char *batch;
	const char *file;
	const char *record;
};

extern struct options opt;

#endif /* _TAPDROP_OPTIONS_H */
