// SPDX-License-Identifier: GPL-2.0-only
/* tapdrop explain: what a reason means, and what to do. Needs no kernel. */
#include <stdio.h>

#include "../exitcode.h"
#include "../fail.h"
#include "../json.h"
#include "../options.h"
#include "../reason.h"
#include "../table.h"
#include "../xalloc.h"
#include "cmd.h"

static const struct column columns[] = {
	{ .name = "REASON" },
	{ .name = "KERNEL" },
	{ .name = "CLASS" },
	{ .name = "DIRECTION" },
	{ .name = "DEVICES" },
	{ .name = "MEANING" },
};

static void put_device(struct json *to, uint32_t kind, uint32_t dir)
{
	struct json *o = json_add(to, NULL, json_object());

	json_add(o, "kind", json_text(tapdrop_kind_name(kind)));
	json_add(o, "dir", json_text(tapdrop_dir_name(dir)));
	json_add(o, "netdev-dir", json_text(tapdrop_netdev_dir(kind, dir)));
}

static void put_devices(struct json *to, uint32_t id)
{
	uint32_t dir, kind;

	for (kind = TAPDROP_KIND_TUN; kind <= TAPDROP_KIND_IPVTAP; kind++) {
		for (dir = TAPDROP_DIR_TO_USER; dir <= TAPDROP_DIR_FROM_USER;
		     dir++) {
			if (reason_occurs(id, kind, dir))
				put_device(to, kind, dir);
		}
	}
}

static void put_reason(struct json *to,
		       const struct tapdrop_reason_info *info)
{
	struct json *o = json_add(to, NULL, json_object());

	json_add(o, "id", json_number(info->id));
	json_add(o, "name", json_text(info->name));
	json_add(o, "skb-reason", json_text(info->skb_reason));
	json_add(o, "class", json_text(tapdrop_class_name(info->class_id)));
	put_devices(json_add(o, "devices", json_array()), info->id);
	json_add(o, "meaning", json_text(info->meaning));
	json_add(o, "cause", json_text(info->cause));
	json_add(o, "remedy", json_text(info->remedy));
}

static void list_json(uint64_t set)
{
	struct json *list = json_new(stdout, json_array());
	const struct tapdrop_reason_info *reasons;
	size_t i, n;

	reasons = tapdrop_reasons(&n);
	for (i = 0; i < n; i++) {
		if (set & 1ULL << reasons[i].id)
			put_reason(list, &reasons[i]);
	}
	json_end(list);
}

static void list_table(void)
{
	struct table *t = table_new(columns, ARRAY_SIZE(columns));
	const struct tapdrop_reason_info *r;
	char buf[32];
	size_t i, n;

	r = tapdrop_reasons(&n);
	for (i = 0; i < n; i++, r++) {
		table_text(t, STYLE_BOLD, r->name);
		table_text(t, STYLE_NONE, r->skb_reason);
		table_text(t, STYLE_NONE, tapdrop_class_name(r->class_id));
		table_text(t, STYLE_NONE, reason_dirs(buf, r->id));
		table_text(t, STYLE_NONE, reason_devices(r->id));
		table_text(t, STYLE_NONE, r->meaning);
	}
	table_print(t, stdout);
	table_free(t);
}

static void list_text(uint64_t set)
{
	const struct tapdrop_reason_info *reasons;
	bool first = true;
	size_t i, n;

	reasons = tapdrop_reasons(&n);
	for (i = 0; i < n; i++) {
		if (!(set & 1ULL << reasons[i].id))
			continue;
		if (!first)
			putchar('\n');
		first = false;
		explain_reason(&reasons[i], stdout);
	}
}

static int run(int argc, char **argv)
{
	uint64_t set = ~0ULL;

	if (argc > 1)
		return fail(EXIT_USAGE, "one reason at a time");
	if (argc)
		set = tapdrop_reasons_by_name(argv[0]);
	if (!set)
		return fail(EXIT_USAGE, "'%s' is no reason; 'tapdrop explain' lists them",
			    argv[0]);

	if (opt.json)
		list_json(set);
	else if (argc || opt.details)
		list_text(set);
	else
		list_table();
	return EXIT_OK;
}

const struct command cmd_explain = {
	.name = "explain",
	.run = run,
	.usage = "[ REASON ]",
	.help = "what a reason means, its likely cause and a remedy",
};
