/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands, and how one runs. */
#ifndef _TAPDROP_COMMAND_H
#define _TAPDROP_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct command - what can be typed behind "tapdrop"
 * @name: the word
 * @run: takes the words behind it; returns an exit code
 * @usage: what may follow
 * @selects: whether selectors may follow
 * @words: other words that may follow, separated by blanks, for completion
 * @help: what it does, in a few words
 */
struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	bool selects;
	const char *usage;
	const char *words;
	const char *help;
};

/**
 * struct option_info - an option, for help
 * @usage: how to type it
 * @help: what it does
 */
struct option_info {
	const char *usage;
	const char *help;
};

extern const struct command commands[];
extern const size_t n_commands;
extern const struct option_info option_infos[];
extern const size_t n_option_infos;

int run_command(int argc, char **argv);
const struct command *find_command(const char *name);

#endif /* _TAPDROP_COMMAND_H */
