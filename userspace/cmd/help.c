// SPDX-License-Identifier: GPL-2.0-only
/* tapdrop help: all of it comes from the tables that the parsers use. */
#include <stdio.h>
#include <string.h>

#include "../exitcode.h"
#include "../fail.h"
#include "../options.h"
#include "../select.h"
#include "cmd.h"

static void print_usage(const struct command *cmd)
{
	const struct word *w;

	printf("%s%s%s", cmd->name, *cmd->usage ? " " : "", cmd->usage);
	for (w = cmd->words; w && w->name; w++)
		printf(" [ %s%s%s ]", w->name, w->value ? " " : "",
		       w->value ? w->value : "");
}

static void print_selectors(void)
{
	size_t i;

	puts("SELECTORS");
	for (i = 0; i < n_selector_infos; i++)
		printf("  %-22s %s\n", selector_infos[i].usage,
		       selector_infos[i].help);
}

static void print_option(const struct option_info *o)
{
	char usage[64];

	snprintf(usage, sizeof(usage), "%s%s%s-%s%s%s%s", o->abbr ? "-" : "",
		 o->abbr ? o->abbr : "", o->abbr ? ", " : "", o->name,
		 !o->value ? "" : o->optional ? "[=" : " ",
		 o->value ? o->value : "", o->optional ? "]" : "");
	printf("  %-20s %s\n", usage, o->help);
}

static void print_all(void)
{
	const struct command * const *c;
	size_t i;

	printf("Usage: tapdrop [ OPTIONS ] [ COMMAND ]\n\n"
	       "How many frames tun, tap, macvtap and ipvtap devices lost, in which queue and\n"
	       "direction, and why.\n\nCOMMAND, of which the first is the default\n");
	for_each_command(c) {
		printf("  ");
		print_usage(*c);
		printf("\n      %s\n", (*c)->help);
	}
	putchar('\n');
	print_selectors();
	printf("\nOPTIONS\n");
	for (i = 0; i < n_option_infos; i++)
		print_option(&option_infos[i]);
	printf("\nSee tapdrop(8).\n");
}

static int run(int argc, char **argv)
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
	printf("Usage: tapdrop ");
	print_usage(cmd);
	printf("\n    %s\n", cmd->help);
	if (cmd->selects) {
		putchar('\n');
		print_selectors();
	}
	return EXIT_OK;
}

const struct command cmd_help = {
	.name = "help",
	.run = run,
	.usage = "[ COMMAND ]",
	.brief = true,
	.oneline = true,
	.help = "this text, or about a command",
};
