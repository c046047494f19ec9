// SPDX-License-Identifier: GPL-2.0-only
/* tapdrop: which commands there are, and what runs. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "command.h"
#include "exitcode.h"
#include "fail.h"
#include "lib/tapdrop.h"
#include "options.h"

/* As help lists them; the first is the default. */
static const struct command * const table[] = {
	&cmd_show,
	&cmd_watch,
	&cmd_monitor,
	&cmd_stats,
	&cmd_explain,
	&cmd_export,
	&cmd_check,
	&cmd_doctor,
	&cmd_help,
	&cmd_complete,
	NULL
};

static int print_version(void)
{
	printf("tapdrop %s\n", TAPDROP_VERSION);
	return EXIT_OK;
}

/* What errors look like must be known before the first one. */
static void look_ahead(int argc, char **argv)
{
	const char *name = options_command(argc, argv);
	const struct command *cmd = name ? find_command(name) : NULL;

	fail_as_plugin(cmd && cmd->plugin);
}

static int run(int argc, char **argv)
{
	const char *error;

	look_ahead(argc, argv);
	error = options_parse(argc, argv);
	if (error)
		return fail(EXIT_USAGE, "%s", error);
	if (opt.version)
		return print_version();
	if (opt.help)
		return cmd_help.run(0, NULL);
	if (opt.batch)
		return run_batch(opt.batch);
	return run_command(argc - optind, argv + optind);
}

int main(int argc, char **argv)
{
	/* A reader that has seen enough is told by its exit code. */
	signal(SIGPIPE, SIG_IGN);
	open_output();
	commands = table;
	return close_output(run(argc, argv));
}
