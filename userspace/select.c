// SPDX-License-Identifier: GPL-2.0-only
/* Words that choose devices, queues, directions and reasons. */
#include <fnmatch.h>
#include <string.h>

#include "exitcode.h"
#include "fail.h"
#include "options.h"
#include "select.h"
#include "text.h"
#include "xalloc.h"

static int set_dev(struct selector *sel, const char *name)
{
	if (sel->dev)
		return fail(EXIT_USAGE, "two devices, '%s' and '%s'; a glob such as 'vnet*' chooses several",
			    sel->dev, name);
	sel->dev = name;
	sel->is_glob = strpbrk(name, "*?[");
	if (!*name || (!sel->is_glob && strlen(name) >= TAPDROP_IFNAMSIZ))
		return fail(EXIT_USAGE, "'%s' cannot be the name of a device",
			    name);
	return EXIT_OK;
}

static int set_queue(struct selector *sel, const char *value)
{
	uint64_t queue;

	if (!strcmp(value, "none")) {
		sel->filter.no_queue = true;
		return EXIT_OK;
	}
	if (parse_number(value, 255, &queue))
		return fail(EXIT_USAGE, "'%s' is no queue; say 0 to 255, or none",
			    value);
	sel->filter.has_queue = true;
	sel->filter.queue = queue;
	return EXIT_OK;
}

static int set_dir(struct selector *sel, const char *value)
{
	uint32_t dir;

	for (dir = TAPDROP_DIR_TO_USER; dir <= TAPDROP_DIR_FROM_USER; dir++) {
		if (!strcmp(value, tapdrop_dir_name(dir))) {
			sel->filter.dir = dir;
			return EXIT_OK;
		}
	}
	return fail(EXIT_USAGE, "'%s' is no direction; say to-user or from-user",
		    value);
}

static int set_reason(struct selector *sel, const char *value)
{
	sel->filter.reasons = tapdrop_reasons_by_name(value);
	if (sel->filter.reasons)
		return EXIT_OK;
	return fail(EXIT_USAGE, "'%s' is no reason; 'tapdrop explain' lists them",
		    value);
}

static const struct {
	const char *name;
	int (*set)(struct selector *sel, const char *value);
} selectors[] = {
	{ "dev",	set_dev },
	{ "queue",	set_queue },
	{ "dir",	set_dir },
	{ "reason",	set_reason },
};

/* Take a word that has a value behind it; @taken says whether it was one. */
static int take_word(struct selector *sel, const char *name, const char *value,
		     const struct word *words, size_t n_words, bool *taken)
{
	size_t i;

	*taken = true;
	for (i = 0; i < ARRAY_SIZE(selectors); i++) {
		if (strcmp(name, selectors[i].name))
			continue;
		return value ? selectors[i].set(sel, value) :
		       fail(EXIT_USAGE, "'%s' wants a value behind it", name);
	}
	for (i = 0; i < n_words; i++) {
		if (strcmp(name, words[i].name))
			continue;
		return value ? words[i].parse(value, words[i].arg) :
		       fail(EXIT_USAGE, "'%s' wants a value behind it", name);
	}
	*taken = false;
	return EXIT_OK;
}

/**
 * parse_selector() - read the words behind a command
 * @argc: number of words
 * @argv: the words
 * @sel: where to put the selection
 * @words: what else may be there
 * @n_words: number of @words
 *
 * A word that means nothing else is the name of a device.
 *
 * Return: exit code.
 */
int parse_selector(int argc, char **argv, struct selector *sel,
		   const struct word *words, size_t n_words)
{
	const char *value;
	bool taken;
	int i, err;

	memset(sel, 0, sizeof(*sel));
	sel->filter.zeros = opt.zeros;
	for (i = 0; i < argc; i++) {
		value = i + 1 < argc ? argv[i + 1] : NULL;
		err = take_word(sel, argv[i], value, words, n_words, &taken);
		if (!err && taken)
			i++;
		else if (!err && !strcmp(argv[i], "all"))
			sel->all = true;
		else if (!err)
			err = set_dev(sel, argv[i]);
		if (err)
			return err;
	}
	if (sel->filter.has_queue && sel->filter.no_queue)
		return fail(EXIT_USAGE, "a queue and none at the same time");
	return EXIT_OK;
}

/**
 * selected() - is a device among those chosen by name?
 * @sel: selection
 * @dev: device
 */
bool selected(const struct selector *sel, const struct tapdrop_device *dev)
{
	if (!sel->dev)
		return true;
	if (sel->is_glob)
		return !fnmatch(sel->dev, dev->ifname, 0);
	/* The kernel was asked for it, maybe by another of its names. */
	return !opt.file || !strcmp(sel->dev, dev->ifname);
}

/**
 * visible() - is a device worth a row?
 * @sel: selection
 * @dev: device
 *
 * Without "all" or a name, a device that lost nothing is not.
 */
bool visible(const struct selector *sel, const struct tapdrop_device *dev)
{
	return selected(sel, dev) &&
	       (dev->n_counters || sel->all || (sel->dev && !sel->is_glob));
}

/**
 * is_filtered() - does a selection leave counters of a device out?
 * @sel: selection
 */
bool is_filtered(const struct selector *sel)
{
	const struct tapdrop_filter *f = &sel->filter;

	return f->dir || f->reasons || f->has_queue || f->no_queue;
}
