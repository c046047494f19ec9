// SPDX-License-Identifier: GPL-2.0-only
/* tapdrop top: the devices that lost most. */
#include <stdio.h>
#include <stdlib.h>

#include "../compare.h"
#include "../device_json.h"
#include "../dump.h"
#include "../exitcode.h"
#include "../fail.h"
#include "../options.h"
#include "../place.h"
#include "../reason.h"
#include "../rows.h"
#include "../select.h"
#include "../source.h"
#include "../text.h"
#include "../xalloc.h"
#include "cmd.h"

#define DEFAULT_COUNT	10

static const struct column columns[] = {
	{ .name = "DEVICE" },
	{ .name = "KIND" },
	{ .name = "TO-USER", .right = true },
	{ .name = "LOSS", .right = true },
	{ .name = "FROM-USER", .right = true },
	{ .name = "LOSS", .right = true },
	{ .name = "MOSTLY" },
	{ .name = "LAST" },
};

/* Sums of two directions may not fit into 64 bits. */
static double lost(const struct tapdrop_device *dev)
{
	return (double)dev->lost_to_user + dev->lost_from_user;
}

static int worse(const void *pa, const void *pb)
{
	const struct place *a = pa, *b = pb;

	if (lost(a->dev) != lost(b->dev))
		return lost(a->dev) < lost(b->dev) ? 1 : -1;
	if (a->src != b->src)
		return a->src < b->src ? -1 : 1;
	return a->dev < b->dev ? -1 : a->dev > b->dev;
}

static void put_mostly(struct table *t, const struct place *at)
{
	const struct tapdrop_reason_info *info, *most = NULL;
	const struct tapdrop_counter *c;
	uint64_t packets = 0;

	tapdrop_for_each_counter(c, at->dev) {
		info = reason_info(at->src, c->reason);
		if (c->packets <= packets ||
		    info->class_id != TAPDROP_CLASS_LOSS)
			continue;
		packets = c->packets;
		most = info;
	}
	table_text(t, STYLE_NONE, most ? most->name : "-");
}

static void put_row(struct table *t, const struct place *at)
{
	const struct tapdrop_device *dev = at->dev;

	table_device(t, at->src, dev);
	table_number(t, STYLE_NONE, dev->lost_to_user);
	table_ratio(t, STYLE_NONE, at->src, dev, TAPDROP_DIR_TO_USER,
		    dev->lost_to_user);
	table_number(t, STYLE_NONE, dev->lost_from_user);
	table_ratio(t, STYLE_NONE, at->src, dev, TAPDROP_DIR_FROM_USER,
		    dev->lost_from_user);
	put_mostly(t, at);
	table_last(t, STYLE_NONE, dev, last_loss(at->src, dev, 0));
}

static void top_text(const struct place *list, size_t n)
{
	struct table *t = table_new(columns, ARRAY_SIZE(columns));
	size_t i;

	for (i = 0; i < n; i++)
		put_row(t, &list[i]);
	if (n)
		table_print(t, stdout);
	else
		printf("no device that is counted lost a frame\n");
	table_free(t);
}

/* With those of which nobody knows whether they belong there. */
static void top_oneline(const struct place *list, size_t n,
			const struct sources *s, const struct selector *sel)
{
	struct place at;
	size_t i;

	for (i = 0; i < n; i++)
		print_counters(list[i].src, list[i].dev);
	for_each_selected(at, s, sel) {
		if (!is_counted(at.dev))
			print_counters(at.src, at.dev);
	}
}

static void top_json(const struct place *list, size_t n,
		     const struct sources *s, const struct selector *sel)
{
	struct json *to = json_new(stdout, json_array());
	struct place at;
	size_t i;

	for (i = 0; i < n; i++)
		json_device(to, NULL, list[i].src, list[i].dev, NULL, 0);
	for_each_selected(at, s, sel) {
		if (!is_counted(at.dev))
			json_device(to, NULL, at.src, at.dev, NULL, 0);
	}
	json_end(to);
}

static void top(const struct sources *s, const struct selector *sel,
		uint64_t count)
{
	struct place *list = NULL, at;
	size_t n = 0;

	for_each_selected(at, s, sel) {
		if (!lost(at.dev))
			continue;
		list = xrealloc(list, n + 1, sizeof(*list));
		list[n++] = at;
	}
	if (n)
		qsort(list, n, sizeof(*list), worse);
	n = n < count ? n : count;
	if (opt.json) {
		top_json(list, n, s, sel);
	} else if (opt.oneline) {
		top_oneline(list, n, s, sel);
	} else {
		top_text(list, n);
		print_coverage(s, sel, stdout);
	}
	free(list);
}

static int run(int argc, char **argv)
{
	uint64_t count = DEFAULT_COUNT;
	struct selector sel;
	struct sources s;
	int code;

	if (argc && !parse_number(argv[0], UINT32_MAX, &count)) {
		if (!count)
			return fail(EXIT_USAGE, "'0' is no number of devices");
		argc--;
		argv++;
	}
	code = parse_selector(argc, argv, &sel, NULL, NULL);
	if (code)
		return code;
	code = sources_open(&s, &sel);
	if (!code)
		code = sources_dump(&s, &sel);
	if (!code && (!opt.json || opt.details))
		code = sources_dump_links(&s);
	if (!code)
		top(&s, &sel, count);
	sources_close(&s);
	return code;
}

const struct command cmd_top = {
	.name = "top",
	.run = run,
	.usage = "[ N ] [ SELECTORS ]",
	.selects = true,
	.oneline = true,
	.help = "the N devices that lost most, the worst first",
};
