// SPDX-License-Identifier: GPL-2.0-only
/* tapdrop show: who lost how many frames, where, why and when. */
#include <stdio.h>

#include "../compare.h"
#include "../device_json.h"
#include "../dump.h"
#include "../exitcode.h"
#include "../holder_text.h"
#include "../options.h"
#include "../place.h"
#include "../reason.h"
#include "../rows.h"
#include "../select.h"
#include "../source.h"
#include "../text.h"
#include "../xalloc.h"
#include "cmd.h"

static const struct column brief_columns[] = {
	{ .name = "DEVICE" },
	{ .name = "KIND" },
	{ .name = "QUEUES", .right = true },
	{ .name = "TO-USER", .right = true },
	{ .name = "FROM-USER", .right = true },
	{ .name = "LAST" },
	{ .name = "SINCE" },
};

static void show_json(const struct sources *s, const struct selector *sel)
{
	struct json *list = json_new(stdout, json_array());
	struct place at;

	for_each_selected(at, s, sel)
		json_device(list, NULL, at.src, at.dev, NULL, 0);
	json_end(list);
}

static void put_brief(struct table *t, const struct place *at)
{
	const struct tapdrop_device *dev = at->dev;

	table_device(t, at->src, dev);
	if (!is_counted(dev)) {
		table_text(t, STYLE_NONE, "-");
		table_text(t, STYLE_NONE, "-");
		table_text(t, STYLE_NONE, "-");
		table_text(t, STYLE_BOLD, "not counted");
		return;
	}
	table_number(t, STYLE_NONE, dev->queues);
	table_number(t, STYLE_NONE, dev->lost_to_user);
	table_number(t, STYLE_NONE, dev->lost_from_user);
	table_last(t, STYLE_NONE, dev, last_loss(at->src, dev, 0));
}

static void put_since(struct table *t, const struct tapdrop_device *dev)
{
	char buf[32];

	table_text(t, STYLE_NONE, dev->since_ms == TAPDROP_NEVER ? "-" :
				  age(buf, dev->since_ms));
}

static void show_brief(const struct sources *s, const struct selector *sel)
{
	bool since = any_counted_later(s, sel);
	struct table *t;
	struct place at;

	t = table_new(brief_columns, ARRAY_SIZE(brief_columns) - !since);
	for_each_selected(at, s, sel) {
		put_brief(t, &at);
		if (since)
			put_since(t, at.dev);
	}
	table_print(t, stdout);
	table_free(t);
}

static void show_oneline(const struct sources *s, const struct selector *sel)
{
	struct place at;

	for_each_selected(at, s, sel)
		print_counters(at.src, at.dev);
}

/* Return: number of devices that the selection lets through. */
static size_t count_selected(const struct sources *s,
			     const struct selector *sel)
{
	struct place at;
	size_t n = 0;

	for_each_selected(at, s, sel)
		n += !!at.dev->ifindex;
	return n;
}

static void show_nothing(const struct sources *s, const struct selector *sel)
{
	size_t n = count_selected(s, sel);

	if (!n)
		printf("no tun, tap, macvtap or ipvtap device%s\n",
		       wants_links(sel) || sel->n_patterns > 1 ? " is selected" :
		       sel->n_patterns ? " has such a name" : " here");
	else
		printf("no %sdrops on %zu device%s\n",
		       is_filtered(sel) ? "such " : "", n, n == 1 ? "" : "s");
}

/* A part of the counters, or a recording, has nothing to compare with. */
static bool wants_standard(const struct selector *sel)
{
	if (opt.json)
		return opt.details;
	return !opt.brief && !opt.oneline && !opt.file && !is_filtered(sel);
}

/* Reasons that are newer than 63 are not explained. */
static uint64_t seen_reasons(const struct sources *s,
			     const struct selector *sel)
{
	const struct tapdrop_counter *c;
	uint64_t seen = 0;
	struct place at;

	for_each_selected(at, s, sel) {
		tapdrop_for_each_counter(c, at.dev) {
			if (c->packets && c->reason < 64)
				seen |= 1ULL << c->reason;
		}
	}
	return seen;
}

/* What -details adds: what the reasons of the counters just shown mean. */
static void print_details(const struct sources *s, const struct selector *sel)
{
	uint64_t seen = seen_reasons(s, sel);
	uint32_t id;

	for (id = 0; id < 64; id++) {
		if (seen & 1ULL << id) {
			putchar('\n');
			explain_reason(reason_info(s->list, id), stdout);
		}
	}
}

/* Is there a device in the table of which we know all frames? */
static bool knows_ratio(const struct sources *s, const struct selector *sel)
{
	struct place at;
	uint64_t frames;

	if (!wants_standard(sel))
		return false;
	for_each_selected(at, s, sel) {
		if (visible(sel, at.dev) &&
		    offered(at.src, at.dev, TAPDROP_DIR_TO_USER, &frames))
			return true;
	}
	return false;
}

static void show_table(const struct sources *s, const struct selector *sel)
{
	struct table *t = counter_table_new(knows_ratio(s, sel));
	bool empty = true;
	struct place at;

	for_each_selected(at, s, sel) {
		if (!visible(sel, at.dev))
			continue;
		table_counters(t, at.src, at.dev);
		empty = false;
	}
	if (empty) {
		show_nothing(s, sel);
	} else {
		table_print(t, stdout);
		if (wants_standard(sel))
			print_standard(s, sel, stdout);
		if (opt.details)
			print_details(s, sel);
	}
	print_coverage(s, sel, stdout);
	print_holders(s, sel, stdout);
	table_free(t);
}

static void show(const struct sources *s, const struct selector *sel)
{
	char now[40];

	if (opt.timestamp && !opt.json)
		printf("%s\n", timestamp(now));
	if (opt.json)
		show_json(s, sel);
	else if (opt.brief)
		show_brief(s, sel);
	else if (opt.oneline)
		show_oneline(s, sel);
	else
		show_table(s, sel);
}

static const struct word words[] = {
	{ .name = "all" },
	{}
};

static int run(int argc, char **argv)
{
	struct selector sel;
	struct sources s;
	int code;

	code = parse_selector(argc, argv, &sel, NULL, NULL);
	if (code)
		return code;
	if (opt.brief && !opt.json && !is_filtered(&sel))
		sel.filter.scope = TAPDROP_SCOPE_DEVICE;

	code = sources_open(&s, &sel);
	if (!code)
		code = sources_dump(&s, &sel);
	if (!code && wants_standard(&sel))
		code = sources_dump_links(&s);
	if (!code && opt.details && (opt.json || !(opt.brief || opt.oneline)))
		code = sources_find_holders(&s);
	if (!code)
		show(&s, &sel);
	sources_close(&s);
	return code;
}

const struct command cmd_show = {
	.name = "show",
	.run = run,
	.usage = "[ SELECTORS ]",
	.selects = true,
	.words = words,
	.brief = true,
	.oneline = true,
	.help = "what was lost; with all, also devices that lost nothing",
};
