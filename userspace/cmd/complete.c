// SPDX-License-Identifier: GPL-2.0-only
/*
 * tapdrop complete -- WORD...: what the last word might become, one per line.
 * All completions of shells come from here, and so from the tables that the
 * parsers use.
 */
#include <ctype.h>
#include <dirent.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../exitcode.h"
#include "../lib/tapdrop.h"
#include "../options.h"
#include "../select.h"
#include "cmd.h"

static void offer(const char *prefix, const char *word)
{
	if (!strncmp(word, prefix, strlen(prefix)))
		puts(word);
}

/* Those of "NAME|none" that do not stand for something else. */
static bool offer_literals(const char *prefix, const char *usage)
{
	bool any = false;
	char word[32];
	size_t n;

	for (; *usage && *usage != ' '; usage += n + (usage[n] == '|')) {
		n = strcspn(usage, "| ");
		if (!islower((unsigned char)*usage))
			continue;
		*(char *)mempcpy(word, usage, n) = '\0';
		offer(prefix, word);
		any = true;
	}
	return any;
}

static void offer_options(const char *prefix)
{
	char word[32];
	size_t i;

	for (i = 0; i < n_option_infos; i++) {
		snprintf(word, sizeof(word), "-%s", option_infos[i].name);
		offer(prefix, word);
	}
}

static void offer_devices(const char *prefix)
{
	const struct tapdrop_device *dev;
	struct tapdrop_filter filter = { .scope = TAPDROP_SCOPE_DEVICE };
	struct tapdrop_stats *stats;
	struct tapdrop *td;

	if (!tapdrop_open(&td) && !tapdrop_dump(td, &filter, &stats)) {
		tapdrop_for_each_device(dev, stats) {
			if (dev->ifname[0])
				offer(prefix, dev->ifname);
		}
		tapdrop_stats_free(stats);
	}
	tapdrop_close(td);
}

/* Which of them have others below them is not worth asking. */
static void offer_links(const char *prefix)
{
	struct if_nameindex *links = if_nameindex(), *link;

	for (link = links; link && link->if_index; link++)
		offer(prefix, link->if_name);
	if_freenameindex(links);
}

static void offer_reasons(const char *prefix)
{
	bool small = islower((unsigned char)*prefix);
	const struct tapdrop_reason_info *reasons;
	char name[64], *p;
	size_t i, n;

	/* Shells throw away what does not begin with what was typed. */
	reasons = tapdrop_reasons(&n);
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s", reasons[i].name);
		for (p = name; small && *p; p++) {
			*p = tolower((unsigned char)*p);
			if (*p == '_' && strchr(prefix, '-'))
				*p = '-';
		}
		offer(prefix, name);
	}
}

static void offer_netns(const char *prefix)
{
	DIR *dir = opendir("/run/netns");
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			offer(prefix, entry->d_name);
	}
	if (dir)
		closedir(dir);
}

static void offer_commands(const char *prefix, const struct command *but)
{
	const struct command * const *c;

	for_each_command(c) {
		if (*c != but)
			offer(prefix, (*c)->name);
	}
}

/* Return: true if the word before is a selector. */
static bool offer_selector_value(const char *before, const char *prefix)
{
	const struct selector_info *info;
	size_t i;

	for (i = 0; i < n_selector_infos; i++) {
		info = &selector_infos[i];
		if (strcmp(before, info->name) || !selector_has_value(info))
			continue;
		if (!strcmp(before, "dev") || !strcmp(before, "not"))
			offer_devices(prefix);
		else if (!strcmp(before, "master"))
			offer_links(prefix);
		else if (!strcmp(before, "reason"))
			offer_reasons(prefix);
		else
			offer_literals(prefix, strchr(info->usage, ' ') + 1);
		return true;
	}
	return false;
}

/* Return: true if the word before is an option with a value. */
static bool offer_option_value(const char *before, const char *prefix)
{
	const struct option_info *o = option_infos;

	if (*before++ != '-')
		return false;
	for (; o < option_infos + n_option_infos; o++) {
		if (!o->value || o->optional ||
		    (strcmp(before, o->name) &&
		     (!o->abbr || strcmp(before, o->abbr))))
			continue;
		/* Files are left to the shell. */
		if (!strcmp(o->value, "NAME"))
			offer_netns(prefix);
		return true;
	}
	return false;
}

/* Return: true if the word before belongs to a command and has a value. */
static bool offer_word_value(const char *before, const char *prefix)
{
	const struct command * const *c;
	const struct word *w;

	for_each_command(c) {
		for (w = (*c)->words; w && w->name; w++) {
			if (!w->value || strcmp(before, w->name))
				continue;
			offer_literals(prefix, w->value);
			return true;
		}
	}
	return false;
}

/* Return: true if the word before says what is wanted. */
static bool offer_value(const char *before, const char *prefix)
{
	const struct command *cmd = find_command(before);

	if (cmd == &cmd_explain) {
		offer_reasons(prefix);
		return true;
	}
	/* Files are left to the shell. */
	if (cmd == &cmd_diff)
		return true;
	if (cmd && offer_literals(prefix, cmd->usage))
		return true;
	return offer_selector_value(before, prefix) ||
	       offer_option_value(before, prefix) ||
	       offer_word_value(before, prefix);
}

static const struct command *find_typed(int argc, char **argv)
{
	const struct command *cmd = NULL;
	int i;

	for (i = 0; i < argc - 1 && !cmd; i++)
		cmd = find_command(argv[i]);
	return cmd;
}

static void offer_words(const char *prefix, const struct command *cmd)
{
	const struct word *w;
	size_t i;

	if (cmd == &cmd_help)
		offer_commands(prefix, cmd);
	for (w = cmd->words; w && w->name; w++)
		offer(prefix, w->name);
	if (!cmd->selects)
		return;
	for (i = 0; i < n_selector_infos; i++)
		offer(prefix, selector_infos[i].name);
	offer_devices(prefix);
}

static int run(int argc, char **argv)
{
	const struct command *cmd = find_typed(argc, argv);
	const char *prefix = argc ? argv[argc - 1] : "";

	if (argc > 1 && offer_value(argv[argc - 2], prefix))
		return EXIT_OK;
	if (prefix[0] == '-')
		offer_options(prefix);
	else if (cmd)
		offer_words(prefix, cmd);
	else
		offer_commands(prefix, NULL);
	return EXIT_OK;
}

/* For completions of shells; nobody types it, so it has no help. */
const struct command cmd_complete = {
	.name = "complete",
	.run = run,
	.brief = true,
	.oneline = true,
	.usage = "-- WORD...",
};
