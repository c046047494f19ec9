// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel says of all sources. */
#include <errno.h>
#include <stdlib.h>

#include "dump.h"
#include "exitcode.h"
#include "fail.h"
#include "options.h"

static bool has_device(const struct source *src, const struct pattern *p,
		       uint32_t ifindex)
{
	const struct tapdrop_device *dev;

	tapdrop_for_each_device(dev, src->stats) {
		if (ifindex ? dev->ifindex == ifindex :
			      pattern_matches(p, dev->ifname))
			return true;
	}
	return false;
}

/* The devices that are named have to be ours. */
static int check_devices(const struct source *src, const struct selector *sel)
{
	const struct pattern *p;
	uint32_t ifindex;
	size_t i;

	/* The kernel has been asked for it, and did not refuse. */
	if (src->filter.ifindex)
		return EXIT_OK;
	for (i = 0; i < sel->n_patterns; i++) {
		p = &sel->patterns[i];
		ifindex = src->ifindexes ? src->ifindexes[i] : 0;
		if (p->is_glob || p->exclude || (!opt.file && !ifindex) ||
		    has_device(src, p, ifindex))
			continue;
		if (opt.file)
			return fail(EXIT_NO_DEVICE, "there is no device '%s' in %s",
				    p->text, opt.file);
		return fail(EXIT_NO_DEVICE, "'%s' is no tun, tap, macvtap or ipvtap device",
			    p->text);
	}
	return EXIT_OK;
}

static int dump_belongs(struct source *src)
{
	int err = source_enter(src);

	if (err)
		return err;
	free(src->belongs);
	src->belongs = NULL;
	err = tapdrop_dump_links(src->td, &src->belongs, &src->n_belongs);
	return err ? source_fail(src, err) : EXIT_OK;
}

/* Who looks again and again asks for what changed. */
static int read_counters(struct source *src, bool again)
{
	if (again)
		return tapdrop_update(src->td, &src->filter, &src->stats);
	tapdrop_stats_free(src->stats);
	src->stats = NULL;
	return tapdrop_dump(src->td, &src->filter, &src->stats);
}

static int dump_source(struct source *src, const struct selector *sel,
		       bool again)
{
	int err;

	err = read_counters(src, again);
	if (err == -ENODATA)
		return -1;
	if (err == -ENODEV && src->filter.ifindex)
		return fail(EXIT_NO_DEVICE, "'%s' is no tun, tap, macvtap or ipvtap device",
			    sel->dev);
	if (err)
		return source_fail(src, err);
	if (!tapdrop_stats_consistent(src->stats))
		warn("devices came or went while they were read; a row may be missing or there twice");
	err = check_devices(src, sel);
	return !err && wants_links(sel) ? dump_belongs(src) : err;
}

static int dump_sources(struct sources *s, const struct selector *sel,
			bool again)
{
	int code = EXIT_OK;
	size_t i;

	for (i = 0; i < s->n && !code; i++)
		code = dump_source(&s->list[i], sel, again);
	return code;
}

/**
 * sources_dump_next() - read the counters of all sources, as they are now
 * @s: sources; of those that were read by this, what changed is read
 * @sel: selection
 *
 * Return: exit code, or -1 at the end of a recording.
 */
int sources_dump_next(struct sources *s, const struct selector *sel)
{
	return dump_sources(s, sel, true);
}

/**
 * sources_dump() - read the counters of all sources
 * @s: sources
 * @sel: selection
 *
 * Return: exit code.
 */
int sources_dump(struct sources *s, const struct selector *sel)
{
	int code = dump_sources(s, sel, false);

	return code < 0 ? fail(EXIT_USAGE, "%s has no more dumps", opt.file) :
			  code;
}

/**
 * sources_consistent() - was what was read last read in one piece?
 * @s: sources
 *
 * Return: false if devices came or went in the meantime.
 */
bool sources_consistent(const struct sources *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (!tapdrop_stats_consistent(s->list[i].stats))
			return false;
	}
	return true;
}

/**
 * sources_dump_links() - read the standard counters of all sources
 * @s: sources
 *
 * A recording has none; that is no error.
 *
 * Return: exit code.
 */
int sources_dump_links(struct sources *s)
{
	struct source *src;
	int err;

	if (opt.file)
		return EXIT_OK;
	for_each_source(src, s) {
		free(src->links);
		src->links = NULL;
		err = tapdrop_dump_link_stats(src->td, &src->links,
					      &src->n_links);
		if (err)
			return source_fail(src, err);
	}
	return EXIT_OK;
}
