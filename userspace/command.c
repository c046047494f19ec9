// SPDX-License-Identifier: GPL-2.0-only
/* The commands, and how one runs. */
#include <net/if.h>
#include <stddef.h>
#include <string.h>

#include "command.h"
#include "exitcode.h"
#include "fail.h"
#include "options.h"

/* The table of main.c, which alone knows all commands; NULL ends it. */
const struct command * const *commands;

static const struct command *find(const char *name)
{
	const struct command * const *c;

	for (c = commands; *c; c++) {
		if (!strcmp((*c)->name, name))
			return *c;
	}
	return NULL;
}

/**
 * find_command() - find a command that people type
 * @name: its exact name
 *
 * Return: the command, or NULL.
 */
const struct command *find_command(const char *name)
{
	const struct command *cmd = find(name);

	return cmd && cmd->help ? cmd : NULL;
}

/* Many tools of this kind take the name of a device as it is. */
static int fail_command(const char *name)
{
	if (if_nametoindex(name) || strpbrk(name, "*?["))
		return fail(EXIT_USAGE, "there is no command '%s', but %s; say 'tapdrop show %s'",
			    name, strpbrk(name, "*?[") ? "a pattern for devices" :
						       "a device", name);
	return fail(EXIT_USAGE, "there is no command '%s'; 'tapdrop help' lists them",
		    name);
}

/* What a command has no use for, so that nothing is ignored. */
static int check_options(const struct command *cmd)
{
	if ((opt.stack || opt.summary) && !cmd->traces)
		return fail(EXIT_USAGE, "-stack and -summary are options of 'trace'");
	if ((opt.brief && !cmd->brief) || (opt.oneline && !cmd->oneline))
		return fail(EXIT_USAGE, "'%s' has no %s form", cmd->name,
			    opt.brief ? "-brief" : "-oneline");
	return EXIT_OK;
}

/**
 * run_command() - run one command
 * @argc: number of words
 * @argv: the command and what follows it; no word means the first command
 *
 * Return: exit code.
 */
int run_command(int argc, char **argv)
{
	const struct command *cmd;
	int err;

	cmd = argc ? find(argv[0]) : commands[0];
	fail_as_plugin(cmd && cmd->plugin);
	if (!argc)
		return run_command(1, (char *[]){ (char *)commands[0]->name });
	if (!cmd)
		return fail_command(argv[0]);
	err = check_options(cmd);
	return err ?: cmd->run(argc - 1, argv + 1);
}
