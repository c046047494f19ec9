// SPDX-License-Identifier: GPL-2.0-only
/* tapdrop diff: what was lost since a recording. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
 * @new: number of devices that are not in it
 */
struct diff {
	const char *path;
	struct baseline before;
	size_t grown;
	size_t new;
};

/* An index that is used again does not make it the same device. */
static bool is_gone(const struct sources *s, const struct tapdrop_device *old)
{
	const struct tapdrop_device *dev;

	tapdrop_for_each_device(dev, s->list->stats) {
		if (dev->ifindex == old->ifindex &&
		    !strcmp(dev->ifname, old->ifname))
			return false;
	}
	return old->ifindex;
}

static void put_device(struct diff *d, struct table *t,
		       struct json_object *list, const struct place *at)
{
	const struct tapdrop_device *old;
	struct tapdrop_device grown;
	struct json_object *o;

	old = baseline_find(&d->before, 0, at->dev);
	baseline_grown(old, at->src, at->dev, &grown);
	d->grown += !!grown.n_counters;
	d->new += !old && at->dev->ifindex && is_counted(at->dev);
	if (list) {
		o = json_device(list, NULL, at->src, &grown, NULL, 0);
		json_add(o, "since", json_text(old ? "recording" : "creation"));
	} else if (opt.oneline) {
		print_counters(at->src, &grown);
	} else if (grown.n_counters) {
		table_counters(t, at->src, &grown);
	}
	free((void *)grown.counters);
}

/* Devices that are in the recording only. */
static void put_gone(const struct diff *d, const struct sources *s,
		     const struct selector *sel, struct json_object *list)
{
	const struct tapdrop_device *old;
	char name[DEVICE_NAME];
	struct json_object *o;
	size_t n = 0;

	/* Nobody knows what they belonged to. */
	if (wants_links(sel))
		return;
	tapdrop_for_each_device(old, d->before.stats[0]) {
		if (!is_gone(s, old) || !selected(sel, NULL, old))
			continue;
		device_name(name, s->list, old);
		if (list) {
			o = json_add(list, NULL, json_object_new_object());
			json_add(o, "ifindex",
				 json_object_new_uint64(old->ifindex));
			json_add(o, "ifname", json_text(old->ifname));
			json_add(o, "kind",
				 json_text(tapdrop_kind_name(old->kind)));
			json_add(o, "since", json_text("gone"));
		} else {
			printf("%s%s", n ? ", " : "Gone since, with what they lost: ",
			       name);
		}
		n++;
	}
	if (n && !list)
		putchar('\n');
}

static void diff_json(struct diff *d, const struct sources *s,
		      const struct selector *sel)
{
	struct json_object *list = json_need(json_object_new_array());
	struct place at;

	for_each_selected(at, s, sel)
		put_device(d, NULL, list, &at);
	put_gone(d, s, sel, list);
	json_print(list, stdout);
}

/* What the table leaves open: from when on its devices count. */
static void print_new(struct diff *d, const struct sources *s,
		      const struct selector *sel)
{
	char name[DEVICE_NAME];
	struct place at;
	size_t n = 0;

	for_each_selected(at, s, sel) {
		if (!at.dev->ifindex || !is_counted(at.dev) ||
		    baseline_find(&d->before, 0, at.dev))
			continue;
		printf("%s%s", n++ ? ", " : "Not in the recording, so all that they lost counts: ",
		       device_name(name, at.src, at.dev));
	}
	if (n)
		putchar('\n');
}

static void diff_text(struct diff *d, const struct sources *s,
		      const struct selector *sel)
{
	struct table *t = counter_table_new(false);
	struct place at;

	for_each_selected(at, s, sel)
		put_device(d, t, NULL, &at);
	if (opt.oneline) {
		table_free(t);
		return;
	}
	if (d->grown)
		table_print(t, stdout);
	else
		printf("nothing was lost since\n");
	table_free(t);
	if (d->new)
		print_new(d, s, sel);
	put_gone(d, s, sel, NULL);
	print_coverage(s, sel, stdout);
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
