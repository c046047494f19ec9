// SPDX-License-Identifier: GPL-2.0-only
/* tapdrop: options, and which command runs. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "command.h"
#include "exitcode.h"
#include "fail.h"
#include "options.h"
#include "xalloc.h"

struct options opt;

const struct command commands[] = {
	{ "show", cmd_show, true, "[ SELECTORS ] [ all ]", "all",
	  "what was lost; with all, also devices that lost nothing" },
	{ "watch", cmd_watch, true,
	  "[ SELECTORS ] [ interval SECONDS ] [ count N ]", "interval count",
	  "the same, live, the busiest first" },
	{ "monitor", cmd_monitor, true, "[ [dev] NAME|GLOB ]", "",
	  "devices that come and go, with their final counters" },
	{ "stats", cmd_stats, true, "[dev] NAME", "",
	  "one device in the layout of ethtool -S" },
	{ "explain", cmd_explain, false, "[ REASON ]", "",
	  "what a reason means, its likely cause and a remedy" },
	{ "export", cmd_export, true,
	  "prometheus|openmetrics [ SELECTORS ] [ output FILE ]", "output",
	  "counters for Prometheus" },
	{ "check", cmd_check, true,
	  "[ SELECTORS ] [ warn N[/s] ] [ crit N[/s] ] [ interval SECONDS ]",
	  "warn crit interval", "line and exit code of a monitoring plugin" },
	{ "doctor", cmd_doctor, false, "[ root DIR ]", "root",
	  "which modules are loaded, and what to do" },
	{ "help", cmd_help, false, "[ COMMAND ]",
	  "show watch monitor stats explain export check doctor",
	  "this text, or about a command" },
};

const size_t n_commands = ARRAY_SIZE(commands);

const struct option_info option_infos[] = {
	{ "-j, -json", "JSON" },
	{ "-p, -pretty", "JSON on many lines" },
	{ "-d, -details", "more: standard counters, meaning of the reasons" },
	{ "-br, -brief", "a line a device" },
	{ "-o, -oneline", "a line a counter, words and values in turn" },
	{ "-z, -zeros", "counters that are zero, too" },
	{ "-n, -netns NAME", "in another network namespace" },
	{ "-a, -all-netns", "here and in all network namespaces with a name" },
	{ "-b, -batch FILE", "take commands from FILE, one a line; - is stdin" },
	{ "-c, -color[=WHEN]", "auto, always or never" },
	{ "-t, -timestamp", "say when" },
	{ "-f, -file FILE", "read a recorded dump in place of the kernel" },
	{ "-record FILE", "record what was read" },
	{ "-V, -version", "version" },
	{ "-h, -help", "this text" },
};

const size_t n_option_infos = ARRAY_SIZE(option_infos);

/* Options that have no letter. */
enum {
	OPT_BRIEF = 256,
	OPT_RECORD,
};

static const struct option long_options[] = {
	{ "json",	no_argument,		NULL, 'j' },
	{ "pretty",	no_argument,		NULL, 'p' },
	{ "details",	no_argument,		NULL, 'd' },
	{ "brief",	no_argument,		NULL, OPT_BRIEF },
	{ "oneline",	no_argument,		NULL, 'o' },
	{ "zeros",	no_argument,		NULL, 'z' },
	{ "netns",	required_argument,	NULL, 'n' },
	{ "all-netns",	no_argument,		NULL, 'a' },
	{ "batch",	required_argument,	NULL, 'b' },
	{ "color",	optional_argument,	NULL, 'c' },
	{ "timestamp",	no_argument,		NULL, 't' },
	{ "file",	required_argument,	NULL, 'f' },
	{ "record",	required_argument,	NULL, OPT_RECORD },
	{ "version",	no_argument,		NULL, 'V' },
	{ "help",	no_argument,		NULL, 'h' },
	{}
};

static bool want_color(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return !(no && *no) && term && strcmp(term, "dumb") &&
	       isatty(STDOUT_FILENO);
}

static int set_color(const char *when)
{
	if (!when || !strcmp(when, "auto"))
		opt.color = want_color();
	else if (!strcmp(when, "always"))
		opt.color = true;
	else if (!strcmp(when, "never"))
		opt.color = false;
	else
		return fail(EXIT_USAGE, "-color is auto, always or never, not '%s'",
			    when);
	return EXIT_OK;
}

static int print_version(void)
{
	printf("tapdrop %s\n", TAPDROP_VERSION);
	return EXIT_OK;
}

/*
 * With one dash, getopt_long_only() would take a long option that is not there
 * for a short one with a value: -bogus for -b ogus.
 */
static bool is_option(const char *word)
{
	size_t len = strcspn(word, "=") - 1;
	const struct option *o;

	if (word[0] != '-' || word[1] == '-' || len <= 1)
		return true;
	for (o = long_options; o->name; o++) {
		if (!strncmp(word + 1, o->name, len))
			return true;
	}
	return false;
}

/* Return: exit code, or -1 to go on. */
static int set_option(int c, const char *word)
{
	int code;

	switch (c) {
	case 'j':
		opt.json = true;
		break;
	case 'p':
		opt.pretty = true;
		break;
	case 'd':
		opt.details = true;
		break;
	case OPT_BRIEF:
		opt.brief = true;
		break;
	case 'o':
		opt.oneline = true;
		break;
	case 'z':
		opt.zeros = true;
		break;
	case 'n':
		opt.netns = optarg;
		break;
	case 'a':
		opt.all_netns = true;
		break;
	case 'b':
		opt.batch = optarg;
		break;
	case 'c':
		code = set_color(optarg);
		return code ? code : -1;
	case 't':
		opt.timestamp = true;
		break;
	case 'f':
		opt.file = optarg;
		break;
	case OPT_RECORD:
		opt.record = optarg;
		break;
	case 'V':
		return print_version();
	case 'h':
		return cmd_help(0, NULL);
	case ':':
		return fail(EXIT_USAGE, "option '%s' wants a value", word);
	default:
		return fail(EXIT_USAGE, "there is no option '%s'; 'tapdrop help' lists them",
			    word);
	}
	return -1;
}

static int check_options(void)
{
	if (opt.netns && opt.all_netns)
		return fail(EXIT_USAGE, "-netns and -all-netns at the same time");
	if (opt.file && (opt.netns || opt.all_netns || opt.record))
		return fail(EXIT_USAGE, "-file takes the place of the kernel; it goes with neither a namespace nor -record");
	if (opt.record && opt.all_netns)
		return fail(EXIT_USAGE, "-record takes one network namespace");
	if (opt.brief && opt.oneline)
		return fail(EXIT_USAGE, "-brief and -oneline at the same time");
	return -1;
}

/* What errors look like must be known before the first one. */
static void look_ahead(int argc, char **argv)
{
	const char *word;
	int i;

	for (i = 1; i < argc; i++) {
		word = argv[i];
		if (!strcmp(word, "check"))
			fail_as_plugin();
		word += strspn(word, "-");
		if (word != argv[i] && *word && !strncmp("json", word,
							 strlen(word)))
			opt.json = true;
	}
}

/* Return: exit code, or -1 to go on. */
static int parse_options(int argc, char **argv)
{
	int c, code = -1, i;

	look_ahead(argc, argv);
	for (i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (!is_option(argv[i]))
			return set_option('?', argv[i]);
	}

	opterr = 0;
	set_color(NULL);
	while (code < 0) {
		c = getopt_long_only(argc, argv, ":jpdozn:ab:ctf:Vh",
				     long_options, NULL);
		if (c < 0)
			return check_options();
		code = set_option(c, argv[optind - 1]);
	}
	return code;
}

/**
 * run_command() - run one command
 * @argc: number of words
 * @argv: the command and what follows it
 *
 * Return: exit code.
 */
int run_command(int argc, char **argv)
{
	const struct command *cmd;

	if (!argc)
		return cmd_show(0, NULL);
	/* For completions of shells; nobody types it. */
	if (!strcmp(argv[0], "complete"))
		return cmd_complete(argc - 1, argv + 1);
	cmd = find_command(argv[0]);
	if (!cmd)
		return fail(EXIT_USAGE, "there is no command '%s'; 'tapdrop help' lists them",
			    argv[0]);
	return cmd->run(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	int code;

	/* A reader that has seen enough is told by its exit code. */
	signal(SIGPIPE, SIG_IGN);
	open_output();

	code = parse_options(argc, argv);
	if (code < 0)
		code = opt.batch ? run_batch(opt.batch) :
				   run_command(argc - optind, argv + optind);
	return close_output(code);
}
