/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands: one table for what runs, help and the completion of shells. */
#ifndef _TAPDROP_COMMAND_H
#define _TAPDROP_COMMAND_H

#include <stdbool.h>

#include "select.h"

/**
 * struct command - what can be typed behind "tapdrop"
 * @name: the word
 * @run: takes the words behind it; returns an exit code
 * @usage: what may follow, except for @words
 * @selects: whether selectors may follow
 * @words: other words that may follow, up to one without name, or NULL
 * @plugin: its errors look as monitoring systems want them
 * @traces: takes -stack and -summary
 * @brief: has a form for -brief
 * @oneline: has a form for -oneline
 * @help: what it does, in a few words; NULL if nobody types it. Such commands
 *	are the last in the table.
 */
struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *usage;
	bool selects;
	const struct word *words;
	bool plugin;
	bool traces;
	bool brief;
	bool oneline;
	const char *help;
};

extern const struct command * const *commands;

/** for_each_command() - walk through the commands that people type. */
#define for_each_command(c)						\
	for ((c) = commands; *(c) && (*(c))->help; (c)++)

const struct command *find_command(const char *name);
int run_command(int argc, char **argv);

#endif /* _TAPDROP_COMMAND_H */
