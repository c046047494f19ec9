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

const struct selector_info selector_infos[] = {
	{ "dev", "[dev] NAME|GLOB", "devices", set_dev },
	{ "queue", "queue N|none",
	  "a queue; none is where no queue could be named", set_queue },
	{ "dir", "dir to-user|from-user",
	  "to the reader of the device, or from its writer", set_dir },
	{ "reason", "reason NAME", "a reason, by our name or by the kernel's",
	  set_reason },
};

const size_t n_selector_infos = ARRAY_SIZE(selector_infos);

static const struct selector_info *find_selector(const char *name)
{
	size_t i;

	for (i = 0; i < n_selector_infos; i++) {
		if (!strcmp(name, selector_infos[i].name))
			return &selector_infos[i];
	}
	return NULL;
}

static const struct word *find_word(const struct word *words, const char *name)
{
	for (; words && words->name; words++) {
		if (words->value && !strcmp(name, words->name))
			return words;
	}
	return NULL;
}

/* Take a word that has a value behind it; @taken says whether it was one. */
static int take_word(struct selector *sel, const char *name, const char *value,
		     const struct word *words, void *arg, bool *taken)
{
	const struct selector_info *info = find_selector(name);
	const struct word *word = find_word(words, name);

	*taken = info || word;
	if (!*taken)
		return EXIT_OK;
	if (!value)
		return fail(EXIT_USAGE, "'%s' wants a value behind it", name);
	return info ? info->set(sel, value) : word->set(value, arg);
}

/**
 * parse_selector() - read the words behind a command
 * @argc: number of words
 * @argv: the words
 * @sel: where to put the selection
 * @words: what else may be there, up to one without name, or NULL
 * @arg: argument of their functions
 *
 * A word that means nothing else is the name of a device.
 *
 * Return: exit code.
 */
int parse_selector(int argc, char **argv, struct selector *sel,
		   const struct word *words, void *arg)
{
	const char *value;
	bool taken;
	int i, err;

	memset(sel, 0, sizeof(*sel));
	sel->filter.zeros = opt.zeros;
	for (i = 0; i < argc; i++) {
		value = i + 1 < argc ? argv[i + 1] : NULL;
		err = take_word(sel, argv[i], value, words, arg, &taken);
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
 *
 * Return: true if so.
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
 * is_counted() - does anybody count what a device loses?
 * @dev: device
 *
 * Return: false if its numbers are unknown.
 */
bool is_counted(const struct tapdrop_device *dev)
{
	return dev->coverage != TAPDROP_COVERAGE_NONE;
}

/**
 * visible() - is a device worth a row?
 * @sel: selection
 * @dev: device that is selected
 *
 * Without "all" or a name, a device that lost nothing is not; one that is not
 * counted is.
 *
 * Return: true if so.
 */
bool visible(const struct selector *sel, const struct tapdrop_device *dev)
{
	return dev->n_counters || !is_counted(dev) || sel->all ||
	       (sel->dev && !sel->is_glob);
}

/**
 * is_filtered() - does a selection leave counters of a device out?
 * @sel: selection
 *
 * Return: true if so.
 */
bool is_filtered(const struct selector *sel)
{
	const struct tapdrop_filter *f = &sel->filter;

	return f->dir || f->reasons || f->has_queue || f->no_queue;
}
