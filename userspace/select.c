// SPDX-License-Identifier: GPL-2.0-only
/* Words that choose devices, queues, directions and reasons. */
#include <fnmatch.h>
#include <string.h>

#include "exitcode.h"
#include "fail.h"
#include "group.h"
#include "options.h"
#include "select.h"
#include "text.h"
#include "xalloc.h"

/* Patterns of the last command, which may be one of a batch. */
static struct pattern *patterns;

static int add_pattern(struct selector *sel, const char *name, bool exclude)
{
	bool is_glob = strpbrk(name, "*?[");

	if (!*name || (!is_glob && strlen(name) >= TAPDROP_IFNAMSIZ))
		return fail(EXIT_USAGE, "'%s' cannot be the name of a device",
			    name);
	patterns = xrealloc(patterns, sel->n_patterns + 1, sizeof(*patterns));
	patterns[sel->n_patterns++] = (struct pattern){
		.text = name,
		.is_glob = is_glob,
		.exclude = exclude,
	};
	sel->patterns = patterns;
	if (exclude)
		return EXIT_OK;
	sel->dev = sel->n_includes++ ? NULL : name;
	sel->is_glob = sel->dev && is_glob;
	return EXIT_OK;
}

static int set_dev(struct selector *sel, const char *name)
{
	return add_pattern(sel, name, false);
}

static int set_not(struct selector *sel, const char *name)
{
	return add_pattern(sel, name, true);
}

static int set_master(struct selector *sel, const char *name)
{
	sel->master = name;
	return EXIT_OK;
}

static int set_group(struct selector *sel, const char *value)
{
	sel->has_group = true;
	if (!group_number(value, &sel->group))
		return EXIT_OK;
	return fail(EXIT_USAGE, "'%s' is no group of devices; say a number, or a name of /etc/iproute2/group",
		    value);
}

static int set_up(struct selector *sel, const char *value)
{
	(void)value;
	sel->up = true;
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
	{ "dev", "[dev] NAME|GLOB", "devices; may be there several times", set_dev },
	{ "not", "not NAME|GLOB", "but not these; may be there several times",
	  set_not },
	{ "master", "master NAME", "devices of a bridge or another master",
	  set_master },
	{ "group", "group NAME|N", "devices of a group, as with ip link",
	  set_group },
	{ "up", "up", "devices that are up", set_up },
	{ "queue", "queue N|none",
	  "a queue; none is where no queue could be named", set_queue },
	{ "dir", "dir to-user|from-user",
	  "to the reader of the device, or from its writer", set_dir },
	{ "reason", "reason NAME", "a reason, by our name or by the kernel's",
	  set_reason },
};

const size_t n_selector_infos = ARRAY_SIZE(selector_infos);

/**
 * selector_has_value() - does a word of one's own follow?
 * @info: the word that selects
 *
 * Return: true if so.
 */
bool selector_has_value(const struct selector_info *info)
{
	return strchr(info->usage, ' ');
}

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
		if (words->set && !strcmp(name, words->name))
			return words;
	}
	return NULL;
}

/* Take a word that means something; @n says how many words that were, or 0. */
static int take_word(struct selector *sel, const char *name, const char *value,
		     const struct word *words, void *arg, int *n)
{
	const struct selector_info *info = find_selector(name);
	const struct word *word = find_word(words, name);
	bool alone = info ? !selector_has_value(info) : word && !word->value;

	*n = alone ? 1 : info || word ? 2 : 0;
	if (!*n)
		return EXIT_OK;
	if (alone)
		return info ? info->set(sel, name) : word->set(NULL, arg);
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
	int i, n, err;

	memset(sel, 0, sizeof(*sel));
	sel->filter.zeros = opt.zeros;
	for (i = 0; i < argc; i += n) {
		value = i + 1 < argc ? argv[i + 1] : NULL;
		err = take_word(sel, argv[i], value, words, arg, &n);
		if (!err && !n) {
			n = 1;
			if (!strcmp(argv[i], "all"))
				sel->all = true;
			else
				err = set_dev(sel, argv[i]);
		}
		if (err)
			return err;
	}
	if (sel->filter.has_queue && sel->filter.no_queue)
		return fail(EXIT_USAGE, "a queue and none at the same time");
	return EXIT_OK;
}

/**
 * pattern_matches() - is a name what a pattern stands for?
 * @p: pattern
 * @name: name of a device
 *
 * Return: true if so.
 */
bool pattern_matches(const struct pattern *p, const char *name)
{
	return p->is_glob ? !fnmatch(p->text, name, 0) : !strcmp(p->text, name);
}

/**
 * selected() - is a device among those chosen by name?
 * @sel: selection
 * @ifindexes: the devices that have the names among the patterns, which may be
 *	not the names that the family knows them by; NULL to go by the latter
 * @dev: device
 *
 * Return: true if so.
 */
bool selected(const struct selector *sel, const uint32_t *ifindexes,
	      const struct tapdrop_device *dev)
{
	bool included = !sel->n_includes;
	const struct pattern *p;
	size_t i;

	for (i = 0; i < sel->n_patterns; i++) {
		p = &sel->patterns[i];
		if (p->is_glob || !ifindexes ?
		    !pattern_matches(p, dev->ifname) :
		    !ifindexes[i] || ifindexes[i] != dev->ifindex)
			continue;
		if (p->exclude)
			return false;
		included = true;
	}
	return included;
}

/**
 * wants_links() - does a selection need to know what devices belong to?
 * @sel: selection
 *
 * Return: true if so.
 */
bool wants_links(const struct selector *sel)
{
	return sel->master || sel->has_group || sel->up;
}

static bool is_named(const struct selector *sel,
		     const struct tapdrop_device *dev)
{
	size_t i;

	if (sel->dev)
		return !sel->is_glob;
	for (i = 0; i < sel->n_patterns; i++) {
		if (!sel->patterns[i].is_glob &&
		    pattern_matches(&sel->patterns[i], dev->ifname))
			return true;
	}
	return false;
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
 * has_numbers() - is there anything to say of what a device loses?
 * @dev: device
 *
 * Return: true if it is counted; or if it was, and this is what it had then, as a
 * livepatch has let go of it.
 */
bool has_numbers(const struct tapdrop_device *dev)
{
	return is_counted(dev) || dev->n_counters;
}

/**
 * is_counted_later() - does counting begin later than a device?
 * @dev: device
 *
 * Return: true if so, by 'tapdrop attach'; of before nothing is known.
 */
bool is_counted_later(const struct tapdrop_device *dev)
{
	return dev->coverage == TAPDROP_COVERAGE_ATTACHED && !dev->from_creation;
}

/**
 * visible() - is a device worth a row?
 * @sel: selection
 * @dev: device that is selected
 *
 * Without "all" or its name, a device that lost nothing is not; one that is not
 * counted is.
 *
 * Return: true if so.
 */
bool visible(const struct selector *sel, const struct tapdrop_device *dev)
{
	return dev->n_counters || !is_counted(dev) || sel->all ||
	       is_named(sel, dev);
}

/**
 * lets_through() - does a selection let counters of a cell through?
 * @sel: selection
 * @dir: direction
 * @reason: id of the reason
 *
 * Return: true if so.
 */
bool lets_through(const struct selector *sel, uint32_t dir, uint32_t reason)
{
	const struct tapdrop_filter *f = &sel->filter;

	return (!f->dir || f->dir == dir) &&
	       (!f->reasons ||
		(reason < 64 && f->reasons & 1ULL << reason));
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
