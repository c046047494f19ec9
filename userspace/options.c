// SPDX-License-Identifier: GPL-2.0-only
/* Options: the table, and the parser. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"
#include "xalloc.h"

struct options opt;

static const char *set_color(const char *when);

const struct option_info option_infos[] = {
	{ "json", "j", .flag = &opt.json,
	  .help = "JSON" },
	{ "pretty", "p", .flag = &opt.pretty,
	  .help = "JSON on many lines" },
	{ "details", "d", .flag = &opt.details,
	  .help = "more: standard counters, holders, what reasons mean" },
	{ "brief", "br", .flag = &opt.brief,
	  .help = "a line a device" },
	{ "oneline", "o", .flag = &opt.oneline,
	  .help = "a line a counter, words and values in turn" },
	{ "zeros", "z", .flag = &opt.zeros,
	  .help = "counters that are zero, too" },
	{ "netns", "n", "NAME", .text = &opt.netns,
	  .help = "in another network namespace" },
	{ "all-netns", "a", .flag = &opt.all_netns,
	  .help = "here and in all other network namespaces" },
	{ "batch", "b", "FILE", .text = &opt.batch,
	  .help = "take commands from FILE, one a line; - is stdin" },
	{ "color", "c", "WHEN", .optional = true, .set = set_color,
	  .help = "auto, always or never" },
	{ "timestamp", "t", .flag = &opt.timestamp,
	  .help = "say when" },
	{ "file", "f", "FILE", .text = &opt.file,
	  .help = "read a recorded dump in place of the kernel" },
	{ "record", NULL, "FILE", .text = &opt.record,
	  .help = "record what was read" },
	{ "stack", NULL, .flag = &opt.stack,
	  .help = "trace: who called the function that lost the frame" },
	{ "summary", NULL, .flag = &opt.summary,
	  .help = "trace: at the end, what each flow lost" },
	{ "version", "V", .flag = &opt.version,
	  .help = "version" },
	{ "help", "h", .flag = &opt.help,
	  .help = "this text" },
};

const size_t n_option_infos = ARRAY_SIZE(option_infos);

/* The table as getopt_long_only() wants to have it. */
static struct option long_options[ARRAY_SIZE(option_infos) + 1];
static char letters[2 * ARRAY_SIZE(option_infos) + 2];
/* What it returns for a long option, behind all letters: this and its index. */
#define LONG_OPTION	256

static bool has_letter(const struct option_info *o)
{
	return o->abbr && !o->abbr[1];
}

static void make_getopt_tables(void)
{
	struct option *to = long_options;
	const struct option_info *o;
	char *letter = letters;

	*letter++ = ':';
	for (o = option_infos; o < option_infos + n_option_infos; o++, to++) {
		to->name = o->name;
		to->has_arg = !o->value ? no_argument :
			      o->optional ? optional_argument :
					    required_argument;
		to->val = LONG_OPTION + (o - option_infos);
		if (!has_letter(o))
			continue;
		*letter++ = *o->abbr;
		if (to->has_arg == required_argument)
			*letter++ = ':';
	}
}

/* What is wrong with a word of the command line. */
static const char *refuse(const char *before, const char *word,
			  const char *behind)
{
	static char sentence[1024];

	snprintf(sentence, sizeof(sentence), "%s'%s'%s", before, word, behind);
	return sentence;
}

static const char *no_such_option(const char *word)
{
	return refuse("there is no option ", word,
		      "; 'tapdrop help' lists them");
}

static bool want_color(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return !(no && *no) && term && strcmp(term, "dumb") &&
	       isatty(STDOUT_FILENO);
}

static const char *set_color(const char *when)
{
	if (!when || !strcmp(when, "auto"))
		opt.color = want_color();
	else if (!strcmp(when, "always"))
		opt.color = true;
	else if (!strcmp(when, "never"))
		opt.color = false;
	else
		return refuse("-color is auto, always or never, not ", when,
			      "");
	return NULL;
}

/*
 * With one dash, getopt_long_only() would take a long option that is not there
 * for a short one with a value: -bogus for -b ogus.
 */
static bool is_option(const char *word)
{
	size_t i, len = strcspn(word, "=") - 1;

	if (word[0] != '-' || word[1] == '-' || len <= 1)
		return true;
	for (i = 0; i < n_option_infos; i++) {
		if (!strncmp(word + 1, option_infos[i].name, len))
			return true;
	}
	return false;
}

/* What errors look like must be known before the first one. */
static void look_ahead(int argc, char **argv)
{
	const char *word;
	int i;

	for (i = 1; i < argc; i++) {
		word = argv[i] + strspn(argv[i], "-");
		if (word != argv[i] && *word &&
		    !strncmp("json", word, strlen(word)))
			opt.json = true;
	}
}

static const struct option_info *find_option(int c)
{
	size_t i;

	if (c >= LONG_OPTION)
		return &option_infos[c - LONG_OPTION];
	for (i = 0; i < n_option_infos; i++) {
		if (has_letter(&option_infos[i]) && *option_infos[i].abbr == c)
			return &option_infos[i];
	}
	return NULL;
}

static const char *set_option(int c, const char *word)
{
	const struct option_info *o = find_option(c);

	if (c == ':')
		return refuse("option ", word, " wants a value");
	if (!o)
		return no_such_option(word);
	if (o->set)
		return o->set(optarg);
	if (o->text)
		*o->text = optarg;
	else
		*o->flag = true;
	return NULL;
}

static const char *check_options(void)
{
	const struct {
		const char *error;
		bool is_so;
	} conflicts[] = {
		{ "-netns and -all-netns at the same time",
		  opt.netns && opt.all_netns },
		{ "-file takes the place of the kernel; it goes with neither a namespace nor -record",
		  opt.file && (opt.netns || opt.all_netns || opt.record) },
		{ "-record takes one network namespace",
		  opt.record && opt.all_netns },
		{ "-brief and -oneline at the same time",
		  opt.brief && opt.oneline },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(conflicts); i++) {
		if (conflicts[i].is_so)
			return conflicts[i].error;
	}
	return NULL;
}

/**
 * options_command() - find the command among the options
 * @argc: number of words
 * @argv: the words, which stay in their order
 *
 * Takes no option, so that nothing can be wrong.
 *
 * Return: the first word that is neither an option nor the value of one, or
 * NULL.
 */
const char *options_command(int argc, char **argv)
{
	char **words = xrealloc(NULL, argc + 1, sizeof(*words));
	const char *name = NULL;

	memcpy(words, argv, (argc + 1) * sizeof(*words));
	make_getopt_tables();
	opterr = 0;
	while (getopt_long_only(argc, words, letters, long_options, NULL) >= 0)
		;
	if (optind < argc)
		name = words[optind];
	optind = 0;
	free(words);
	return name;
}

/**
 * options_parse() - read the options in front of and behind the command
 * @argc: number of words
 * @argv: the words; those that are no options come last then, from optind on
 *
 * Words behind -version and -help are ignored.
 *
 * Return: NULL, or a sentence that says what is wrong.
 */
const char *options_parse(int argc, char **argv)
{
	const char *error = NULL;
	int c, i;

	look_ahead(argc, argv);
	for (i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (!is_option(argv[i]))
			return no_such_option(argv[i]);
	}

	make_getopt_tables();
	opterr = 0;
	set_color(NULL);
	while (!error && !opt.version && !opt.help) {
		c = getopt_long_only(argc, argv, letters, long_options, NULL);
		if (c < 0)
			return check_options();
		error = set_option(c, argv[optind - 1]);
	}
	return error;
}
