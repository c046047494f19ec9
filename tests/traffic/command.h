/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TRAFFIC_COMMAND_H
#define _TRAFFIC_COMMAND_H

#include <stdbool.h>

#define COMMAND_ARGS	32

/**
 * struct command - one line of input: VERB [ NAME ] [ KEY=VALUE ]...
 * @verb:	first word
 * @name:	second word, or NULL if it holds a '='
 * @nargs:	number of entries in @key, @value and @used
 * @key:	names of the arguments
 * @value:	their values, as written
 * @used:	whether a handler asked for the argument
 */
struct command {
	char *verb;
	char *name;
	int nargs;
	char *key[COMMAND_ARGS];
	char *value[COMMAND_ARGS];
	bool used[COMMAND_ARGS];
};

void command_parse(struct command *cmd, char *line);
void command_check_used(const struct command *cmd);

const char *command_name(const struct command *cmd);
const char *command_str(struct command *cmd, const char *key);
const char *command_need(struct command *cmd, const char *key);
long command_num(struct command *cmd, const char *key, long absent);

_Noreturn void fail(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));
_Noreturn void fail_errno(const char *what);

#endif /* _TRAFFIC_COMMAND_H */
