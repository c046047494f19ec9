// SPDX-License-Identifier: GPL-2.0-only
/*
 * tapdrop complete -- WORD...: what the last word might become, one a line.
 * All completions of shells come from here, and so from the tables of main.c.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "../command.h"
#include "../exitcode.h"
#include "../lib/tapdrop.h"
#include "cmd.h"

static void offer(const char *prefix, const char *word)
{
	if (!strncmp(word, prefix, strlen(prefix)))
		puts(word);
}

static void offer_words(const char *prefix, const char *words)
{
	char word[32];
	size_t n;

	for (; *words; words += n + (words[n] == ' ')) {
		n = strcspn(words, " ");
		*(char *)mempcpy(word, words, n) = '\0';
		offer(prefix, word);
	}
}

/* "-n, -netns NAME": the long form, without what may follow it. */
static void offer_options(const char *prefix)
{
	const char *usage;
	char word[32];
	size_t i, n;

	for (i = 0; i < n_option_infos; i++) {
		usage = strrchr(option_infos[i].usage, '-');
		while (usage > option_infos[i].usage && usage[-1] != ' ')
			usage--;
		n = strcspn(usage, " [");
		*(char *)mempcpy(word, usage, n) = '\0';
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

static void offer_reasons(const char *prefix)
{
	const struct tapdrop_reason_info *reasons;
	size_t i, n;

	reasons = tapdrop_reasons(&n);
	for (i = 0; i < n; i++)
		offer(prefix, reasons[i].name);
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

/* Return: true if the word before says what is wanted. */
static bool offer_value(const char *before, const char *prefix)
{
	if (!strcmp(before, "dev"))
		offer_devices(prefix);
	else if (!strcmp(before, "queue"))
		offer(prefix, "none");
	else if (!strcmp(before, "dir"))
		offer_words(prefix, "to-user from-user");
	else if (!strcmp(before, "reason") || !strcmp(before, "explain"))
		offer_reasons(prefix);
	else if (!strcmp(before, "export"))
		offer_words(prefix, "prometheus openmetrics");
	else if (!strcmp(before, "-n") || !strcmp(before, "-netns"))
		offer_netns(prefix);
	else
		return strstr(" -b -batch -f -file -record output root interval count warn crit ",
			      before) != NULL;
	return true;
}

static void offer_commands(const char *prefix)
{
	size_t i;

	for (i = 0; i < n_commands; i++)
		offer(prefix, commands[i].name);
}

static const struct command *find_typed(int argc, char **argv)
{
	const struct command *cmd = NULL;
	int i;

	for (i = 0; i < argc - 1 && !cmd; i++)
		cmd = find_command(argv[i]);
	return cmd;
}

/**
 * cmd_complete() - tapdrop complete
 * @argc: number of words
 * @argv: words that were typed behind "tapdrop", the last one in part
 *
 * Return: exit code.
 */
int cmd_complete(int argc, char **argv)
{
	const struct command *cmd = find_typed(argc, argv);
	const char *prefix = argc ? argv[argc - 1] : "";

	if (argc > 1 && offer_value(argv[argc - 2], prefix))
		return EXIT_OK;
	if (prefix[0] == '-') {
		offer_options(prefix);
	} else if (!cmd) {
		offer_commands(prefix);
	} else {
		offer_words(prefix, cmd->words);
		if (cmd->selects) {
			offer_words(prefix, "dev queue dir reason");
			offer_devices(prefix);
		}
	}
	return EXIT_OK;
}
