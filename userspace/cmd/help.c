// SPDX-License-Identifier: GPL-2.0-only
/* tapdrop help: all of it comes from the tables of main.c. */
#include <stdio.h>
#include <string.h>

#include "../command.h"
#include "../exitcode.h"
#include "../fail.h"
#include "cmd.h"

static const char selectors[] =
	"SELECTORS\n"
	"  [dev] NAME|GLOB        devices\n"
	"  queue N|none           a queue; none is where no queue could be named\n"
	"  dir to-user|from-user  to the reader of the device, or from its writer\n"
	"  reason NAME            a reason, by our name or by the kernel's\n";

static void print_all(void)
{
	size_t i;

	printf("Usage: tapdrop [ OPTIONS ] [ COMMAND ]\n\n"
	       "How many frames tun, tap, macvtap and ipvtap devices lost, in which queue and\n"
	       "direction, and why.\n\nCOMMAND, of which the first is the default\n");
	for (i = 0; i < n_commands; i++) {
		printf("  %s %s\n      %s\n", commands[i].name,
		       commands[i].usage, commands[i].help);
	}

	printf("\n%s\nOPTIONS\n", selectors);
	for (i = 0; i < n_option_infos; i++)
		printf("  %-20s %s\n", option_infos[i].usage,
		       option_infos[i].help);
	printf("\nSee tapdrop(8).\n");
}

/**
 * find_command() - find a command by its exact name
 * @name: name
 *
 * Return: the command, or NULL.
 */
const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < n_commands; i++) {
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	}
	return NULL;
}

/**
 * cmd_help() - tapdrop help
 * @argc: number of words
 * @argv: words behind the command
 *
 * Return: exit code.
 */
int cmd_help(int argc, char **argv)
{
	const struct command *cmd;

	if (!argc) {
		print_all();
		return EXIT_OK;
	}
	cmd = find_command(argv[0]);
	if (!cmd || argc > 1)
		return fail(EXIT_USAGE, "there is no command '%s'; 'tapdrop help' lists them",
			    argv[cmd ? 1 : 0]);
	printf("Usage: tapdrop %s %s\n    %s\n", cmd->name, cmd->usage,
	       cmd->help);
	if (cmd->selects)
		printf("\n%s", selectors);
	return EXIT_OK;
}
