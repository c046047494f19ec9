/* SPDX-License-Identifier: GPL-2.0-only */
/* Options, which hold for all commands: one table for parser, help and shells. */
#ifndef _TAPDROP_OPTIONS_H
#define _TAPDROP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct options - what the options say
 * @json: JSON instead of text
 * @pretty: indented JSON
 * @details: more of everything
 * @brief: one line per device
 * @oneline: one line per counter
 * @zeros: counters that are zero, too
 * @all_netns: all network namespaces that have a name or a process
 * @timestamp: say when
 * @color: use colour
 * @stack: stacks in a trace
 * @summary: flows in place of a trace
 * @version: say the version, and nothing else
 * @help: say what can be typed, and nothing else
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
	bool stack;
	bool summary;
	bool version;
	bool help;
	const char *netns;
	const char *batch;
	const char *file;
	const char *record;
};

extern struct options opt;

/**
 * struct option_info - an option
 * @name: its long name
 * @abbr: its letter, or how its name is shortened, or NULL
 * @value: what its value is called, or NULL if it has none
 * @optional: the value may be left out
 * @help: what it does
 * @flag: what an option without value sets, or NULL
 * @text: what takes the value as it is, or NULL
 * @set: takes the value otherwise; returns what is wrong with it, or NULL
 */
struct option_info {
	const char *name;
	const char *abbr;
	const char *value;
	bool optional;
	const char *help;
	bool *flag;
	const char **text;
	const char *(*set)(const char *value);
};

extern const struct option_info option_infos[];
extern const size_t n_option_infos;

const char *options_command(int argc, char **argv);
const char *options_parse(int argc, char **argv);

#endif /* _TAPDROP_OPTIONS_H */
