// SPDX-License-Identifier: GPL-2.0-only
/* tapdrop stats: the layout of ethtool -S, for scripts that read that. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "../dump.h"
#include "../exitcode.h"
#include "../fail.h"
#include "../json.h"
#include "../options.h"
#include "../place.h"
#include "../reason.h"
#include "../select.h"
#include "../source.h"
#include "cmd.h"

/* Who counts and since when, of what is counted later, in a layout of numbers. */
#define SINCE		"attached_since_ms"

/* ethtool cuts names after 31 characters. */
#define STAT_NAME	32

static void stat_name(char dst[STAT_NAME], const struct source *src,
		      const struct tapdrop_counter *c)
{
	const char *reason = reason_info(src, c->reason)->name;
	const char *dir = c->dir == TAPDROP_DIR_TO_USER ? "to_user" :
							  "from_user";
	char *p;

	if (c->queue >= 0)
		snprintf(dst, STAT_NAME, "q%d_%s_%s", c->queue, dir, reason);
	else
		snprintf(dst, STAT_NAME, "noq_%s_%s", dir, reason);
	for (p = dst; *p; p++)
		*p = tolower((unsigned char)*p);
}

static void stats_text(const struct source *src,
		       const struct tapdrop_device *dev)
{
	const struct tapdrop_counter *c;
	char name[STAT_NAME];

	printf("NIC statistics:\n");
	if (is_counted_later(dev))
		printf("     " SINCE ": %llu\n",
		       (unsigned long long)dev->since_ms);
	tapdrop_for_each_counter(c, dev) {
		stat_name(name, src, c);
		printf("     %s: %llu\n", name, (unsigned long long)c->packets);
	}
}

static void stats_json(const struct source *src,
		       const struct tapdrop_device *dev)
{
	struct json *list = json_new(stdout, json_array());
	struct json *o = json_add(list, NULL, json_object());
	const struct tapdrop_counter *c;
	char name[STAT_NAME];

	json_add(o, "ifname", json_text(dev->ifname));
	if (is_counted_later(dev))
		json_add(o, SINCE, json_number(dev->since_ms));
	tapdrop_for_each_counter(c, dev) {
		stat_name(name, src, c);
		json_add(o, name, json_number(c->packets));
	}
	json_end(list);
}

/* Return: exit code. The layout has no word for what is not known. */
static int stats(const struct sources *s, const struct selector *sel)
{
	struct place at;

	for_each_selected(at, s, sel) {
		if (!is_counted(at.dev))
			return fail(EXIT_NO_FAMILY, "'%s' is not counted; 'tapdrop doctor' says why",
				    sel->dev);
		if (opt.json)
			stats_json(at.src, at.dev);
		else
			stats_text(at.src, at.dev);
	}
	return EXIT_OK;
}

/* As with ethtool, a counter does not come and go with its value. */
static int run(int argc, char **argv)
{
	struct selector sel;
	struct sources s;
	int code;

	code = parse_selector(argc, argv, &sel, NULL, NULL);
	if (code)
		return code;
	if (!sel.dev || sel.is_glob)
		return fail(EXIT_USAGE, "'stats' wants the name of one device");
	sel.filter.zeros = true;

	code = sources_open(&s, &sel);
	if (!code)
		code = sources_dump(&s, &sel);
	if (!code)
		code = stats(&s, &sel);
	sources_close(&s);
	return code;
}

const struct command cmd_stats = {
	.name = "stats",
	.run = run,
	.usage = "[dev] NAME",
	.selects = true,
	.help = "one device in the layout of ethtool -S",
};
