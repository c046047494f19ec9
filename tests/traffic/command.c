// SPDX-License-Identifier: GPL-2.0-only
/* One line of input taken apart, and the way out when it makes no sense. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "main.h"

void fail(const char *fmt, ...)
{
	va_list args;

	__fpurge(stdout);
	printf("{\"error\":\"");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\"}\n");
	main_next_command();
}

void fail_errno(const char *what)
{
	fail("%s: %s", what, strerrorname_np(errno));
}

static void add_arg(struct command *cmd, char *word)
{
	char *value = strchr(word, '=');

	if (!value)
		fail("'%s' is not KEY=VALUE", word);
	if (cmd->nargs == COMMAND_ARGS)
		fail("too many arguments");
	*value++ = '\0';
	cmd->key[cmd->nargs] = word;
	cmd->value[cmd->nargs++] = value;
}

/**
 * command_parse() - take a line apart
 * @cmd: result, points into @line
 * @line: the line without its end, is changed
 */
void command_parse(struct command *cmd, char *line)
{
	char *word, *state;

	memset(cmd, 0, sizeof(*cmd));
	cmd->verb = strtok_r(line, " ", &state);
	if (!cmd->verb)
		fail("empty command");
	word = strtok_r(NULL, " ", &state);
	if (word && !strchr(word, '=')) {
		cmd->name = word;
		word = strtok_r(NULL, " ", &state);
	}
	for (; word; word = strtok_r(NULL, " ", &state))
		add_arg(cmd, word);
}

/**
 * command_check_used() - refuse arguments that no handler has asked for
 * @cmd: command
 *
 * A misspelt key would otherwise make a test pass that tests nothing.
 */
void command_check_used(const struct command *cmd)
{
	for (int i = 0; i < cmd->nargs; i++)
		if (!cmd->used[i])
			fail("%s: unknown argument '%s'", cmd->verb,
			     cmd->key[i]);
}

/**
 * command_name() - the name that the command must have
 * @cmd: command
 *
 * Return: the name; does not return if there is none.
 */
const char *command_name(const struct command *cmd)
{
	if (!cmd->name)
		fail("%s: name missing", cmd->verb);
	return cmd->name;
}

/**
 * command_str() - look an argument up
 * @cmd: command
 * @key: name of the argument
 *
 * Return: its value, or NULL.
 */
const char *command_str(struct command *cmd, const char *key)
{
	for (int i = 0; i < cmd->nargs; i++) {
		if (strcmp(cmd->key[i], key))
			continue;
		cmd->used[i] = true;
		return cmd->value[i];
	}
	return NULL;
}

/**
 * command_need() - look up an argument that must be there
 * @cmd: command
 * @key: name of the argument
 *
 * Return: its value; does not return if there is none.
 */
const char *command_need(struct command *cmd, const char *key)
{
	const char *value = command_str(cmd, key);

	if (!value)
		fail("%s: %s= missing", cmd->verb, key);
	return value;
}

/**
 * command_num() - look a number up
 * @cmd: command
 * @key: name of the argument
 * @absent: what it is if it is not given
 *
 * Return: the number, written in any base that C knows.
 */
long command_num(struct command *cmd, const char *key, long absent)
{
	const char *value = command_str(cmd, key);
	char *end;
	long num;

	if (!value)
		return absent;
	num = strtol(value, &end, 0);
	if (end == value || *end)
		fail("%s: %s=%s is no number", cmd->verb, key, value);
	return num;
}
