// SPDX-License-Identifier: GPL-2.0-only
/* tapdrop diff: what was lost since a recording. */
#include <stdio.h>
#include <stdlib.h>

#include "../baseline.h"
#include "../device_json.h"
#include "../dump.h"
#include "../exitcode.h"
#include "../fail.h"
#include "../options.h"
#include "../place.h"
#include "../rows.h"
#include "../select.h"
#include "../source.h"
#include "../text.h"
#include "cmd.h"

/**
 * struct diff - what to compare
 * @path: recording
 * @before: what is in it
 * @grown: number of devices that have lost frames since
 * @new: number of devices that have come since
 * @arrived: number of devices that were elsewhere or not counted then
 * @parts: number of devices that were not counted for a part of the time
 * @known: number of those that are counted, and were
 */
struct diff {
	const char *path;
	struct baseline before;
	size_t grown;
	size_t new;
	size_t arrived;
	size_t parts;
	size_t known;
};

/* A device of which there is no number to tell. */
static void put_bare(struct json *list, const struct tapdrop_device *dev,
		     const char *since)
{
	struct json *o = json_add(list, NULL, json_object());

	json_add(o, "ifindex", json_number(dev->ifindex));
	json_add(o, "ifname", json_text(dev->ifname));
	json_add(o, "kind", json_text(tapdrop_kind_name(dev->kind)));
	json_add(o, "since", json_text(since));
}

static bool is_new(enum since since)
{
	return since == SINCE_CREATION;
}

static bool is_part(enum since since)
{
	return since == SINCE_PART;
}

static bool is_unknown(enum since since)
{
	return since == SINCE_NOW || since == SINCE_UNKNOWN;
}

static void put_json(struct json *list, const struct place *at,
		     const struct tapdrop_device *grown, enum since since)
{
	static const char * const words[] = {
		[SINCE_BASELINE] = "recording",
		[SINCE_CREATION] = "creation",
		[SINCE_NOW] = "unknown",
		[SINCE_PART] = "attach",
		[SINCE_UNKNOWN] = "unknown",
	};
	struct json *o;

	if (is_counted(at->dev) && is_unknown(since)) {
		put_bare(list, at->dev, words[since]);
		return;
	}
	o = json_device(list, NULL, at->src, grown, NULL, 0);
	json_add(o, "since", json_text(words[since]));
}

static void put_device(struct diff *d, const struct sources *s, struct table *t,
		       struct json *list, const struct place *at)
{
	const struct tapdrop_device *old;
	struct tapdrop_device grown;
	enum since since;

	since = baseline_find(&d->before, s, at, &old);
	baseline_grown(old, at->src, at->dev, &grown);
	d->grown += !!grown.n_counters;
	if (at->dev->ifindex && is_counted(at->dev)) {
		d->new += since == SINCE_CREATION;
		d->arrived += is_unknown(since);
		d->parts += since == SINCE_PART;
		d->known += !is_unknown(since);
	}
	if (list)
		put_json(list, at, &grown, since);
	else if (opt.oneline)
		print_counters(at->src, &grown);
	else if (grown.n_counters)
		table_counters(t, at->src, &grown);
	free((void *)grown.counters);
}

/* Also those that are not selected now: they may have had another name. */
static void find_all(const struct diff *d, const struct sources *s)
{
	struct place at = { .src = s->list };
	const struct tapdrop_device *old;

	tapdrop_for_each_device(at.dev, s->list->stats)
		baseline_find(&d->before, s, &at, &old);
}

/* Devices that are in the recording only. */
static void put_gone(const struct diff *d, const struct sources *s,
		     const struct selector *sel, struct json *list)
{
	const struct tapdrop_device *old;
	char name[DEVICE_NAME];
	size_t i, n = 0;

	/* Nobody knows what they belonged to. */
	if (wants_links(sel))
		return;
	find_all(d, s);
	for (i = 0; i < d->before.n_known; i++) {
		old = baseline_gone(&d->before, i);
		if (!old || !selected(sel, NULL, old))
			continue;
		if (list)
			put_bare(list, old, "gone");
		else
			printf("%s%s", n ? ", " : "Gone since, with what they lost: ",
			       device_name(name, s->list, old));
		n++;
	}
	if (n && !list)
		putchar('\n');
}

static void diff_json(struct diff *d, const struct sources *s,
		      const struct selector *sel)
{
	struct json *list = json_new(stdout, json_array());
	struct place at;

	for_each_selected(at, s, sel)
		put_device(d, s, NULL, list, &at);
	put_gone(d, s, sel, list);
	json_end(list);
}

/* What the table leaves open: from when on its devices count. */
static void print_since(const struct diff *d, const struct sources *s,
			const struct selector *sel, bool (*is)(enum since since),
			const char *words)
{
	const struct tapdrop_device *old;
	char name[DEVICE_NAME];
	struct place at;
	size_t n = 0;

	for_each_selected(at, s, sel) {
		if (!at.dev->ifindex || !is_counted(at.dev) ||
		    !is(baseline_find(&d->before, s, &at, &old)))
			continue;
		printf("%s%s", n++ ? ", " : words,
		       device_name(name, at.src, at.dev));
	}
	putchar('\n');
}

/* Nothing is not the same as nothing that anybody has counted. */
static void print_nothing(const struct diff *d, const struct sources *s,
			  const struct selector *sel)
{
	if (!d->arrived && !d->parts && !count_uncounted(s, sel))
		printf("nothing was lost since\n");
	else if (d->known)
		printf("as far as is known, nothing was lost since\n");
	else
		printf("what was lost since is not known\n");
}

static void diff_text(struct diff *d, const struct sources *s,
		      const struct selector *sel)
{
	struct table *t = counter_table_new(false);
	struct place at;

	for_each_selected(at, s, sel)
		put_device(d, s, t, NULL, &at);
	if (opt.oneline) {
		table_free(t);
		return;
	}
	if (d->grown)
		table_print(t, stdout);
	else
		print_nothing(d, s, sel);
	table_free(t);
	if (d->new)
		print_since(d, s, sel, is_new,
			    "Not in the recording, so all that they lost counts: ");
	if (d->arrived)
		print_since(d, s, sel, is_unknown,
			    "Elsewhere or not counted then, so what they lost is not known: ");
	if (d->parts)
		print_since(d, s, sel, is_part,
			    "Not counted all the time, so they may have lost more: ");
	put_gone(d, s, sel, NULL);
	print_coverage(s, sel, stdout);
}

static void warn_of_other_start(const struct diff *d, const struct sources *s)
{
	const struct tapdrop_moment *now;

	now = tapdrop_stats_moment(s->list->stats);
	if (!baseline_is_of_boot(&d->before, now))
		warn("%s is of another host, or of before this one was started: all that was lost since that start counts",
		     d->path);
}

static int diff(struct diff *d, const struct selector *sel)
{
	struct sources s = {};
	int code;

	code = baseline_load(&d->before, d->path);
	if (!code)
		code = sources_open(&s, sel);
	if (!code)
		code = sources_dump(&s, sel);
	if (!code)
		warn_of_other_start(d, &s);
	if (!code && opt.json)
		diff_json(d, &s, sel);
	else if (!code)
		diff_text(d, &s, sel);
	sources_close(&s);
	baseline_free(&d->before);
	return code;
}

static int run(int argc, char **argv)
{
	struct diff d = {};
	struct selector sel;
	int code;

	if (!argc)
		return fail(EXIT_USAGE, "'diff' wants a recording; 'tapdrop -record FILE' makes one");
	d.path = argv[0];
	code = parse_selector(argc - 1, argv + 1, &sel, NULL, NULL);
	if (!code && opt.all_netns)
		code = fail(EXIT_USAGE, "'diff' is of one network namespace, as a recording is");
	if (!code && opt.brief && !opt.json)
		code = fail(EXIT_USAGE, "'diff' has no -brief, as it shows counters");
	return code ? code : diff(&d, &sel);
}

const struct command cmd_diff = {
	.name = "diff",
	.run = run,
	.usage = "FILE [ SELECTORS ]",
	.selects = true,
	.brief = true,
	.oneline = true,
	.help = "what was lost since a recording",
};
