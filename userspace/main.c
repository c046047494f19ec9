// SPDX-License-Identifier: GPL-2.0-only
/* tapdrop: which commands there are, and what runs. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
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
	&cmd_top,
	&cmd_diff,
	&cmd_monitor,
	&cmd_trace,
	&cmd_stats,
	&cmd_explain,
	&cmd_export,
	&cmd_check,
	&cmd_attach,
	&cmd_detach,
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

/*
 * Monitoring systems say -w and -c to all of their plugins. -c is -color
 * elsewhere, but what a plugin prints has no colour.
 */
static void take_plugin_words(int argc, char **argv, const char *name)
{
	static char warn[] = "warn", crit[] = "crit";
	int i = 1;

	while (i < argc && argv[i] != name)
		i++;
	for (; i < argc; i++) {
		if (!strcmp(argv[i], "-w") || !strcmp(argv[i], "--warning"))
			argv[i] = warn;
		else if (!strcmp(argv[i], "-c") ||
			 !strcmp(argv[i], "--critical"))
			argv[i] = crit;
	}
}

/* What errors look like must be known before the first one. */
static void look_ahead(int argc, char **argv)
{
	const char *name = options_command(argc, argv);
	const struct command *cmd = name ? find_command(name) : NULL;

	fail_as_plugin(cmd && cmd->plugin);
	if (cmd && cmd->plugin)
		take_plugin_words(argc, argv, name);
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
