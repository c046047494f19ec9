// SPDX-License-Identifier: GPL-2.0-only
/* tapdrop explain: what a reason means, and what to do. Needs no kernel. */
#include <string.h>

#include "../json.h"

/* The drivers, by what a user calls their devices, and one kind of each. */
static const struct {
	const char *devices;
	uint32_t kind;
} drivers[] = {
	{ "tun/tap",		TAPDROP_KIND_TUN },
	{ "macvtap/ipvtap",	TAPDROP_KIND_MACVTAP },
};

static const struct column columns[] = {
	{ .name = "REASON" },
	{ .name = "KERNEL" },
	{ .name = "CLASS" },
	{ .name = "DIRECTION" },
	{ .name = "DEVICES" },
	{ .name = "MEANING" },
};

static bool occurs(uint32_t id, uint32_t kind, uint32_t dir)
{
	return tapdrop_reason_dirs(id, kind) & 1U << dir;
}

/* "to-user", "from-user", or both, separated by a comma. */
static const char *dirs(char dst[32], uint32_t id)
{
	bool to = occurs(id, 0, TAPDROP_DIR_TO_USER);
	bool from = occurs(id, 0, TAPDROP_DIR_FROM_USER);

	sprintf(dst, "%s%s%s", to ? "to-user" : "", to && from ? ", " : "",
		from ? "from-user" : "");
	return dst;
}

static const char *devices(uint32_t id)
{
	if (!tapdrop_reason_dirs(id, drivers[0].kind))
		return drivers[1].devices;
	return tapdrop_reason_dirs(id, drivers[1].kind) ? "all" :
							  drivers[0].devices;
}

/* Each device's own word for the direction is shown, for it flips. */
static void print_devices(const struct tapdrop_reason_info *info, FILE *f)
{
	const char *sep = "    Devices: ";
	uint32_t dir;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(drivers); i++) {
		for (dir = TAPDROP_DIR_TO_USER; dir <= TAPDROP_DIR_FROM_USER;
		     dir++) {
			if (!occurs(info->id, drivers[i].kind, dir))
				continue;
			fprintf(f, "%s%s %s (%s)", sep, drivers[i].devices,
				tapdrop_dir_name(dir),
				tapdrop_netdev_dir(drivers[i].kind, dir));
			sep = ", ";
		}
	}
	putc('\n', f);
}

/**
 * explain_reason() - print all about a reason
 * @info: reason; one that is newer than the tool has no cause and remedy
 * @f: where to
 */
void explain_reason(const struct tapdrop_reason_info *info, FILE *f)
{
	char buf[32];

	fprintf(f, "%s%s%s (%s", opt.color ? "\033[1m" : "", info->name,
		opt.color ? "\033[0m" : "", tapdrop_class_name(info->class_id));
	if (*dirs(buf, info->id))
		fprintf(f, ", %s", buf);
	if (*info->skb_reason)
		fprintf(f, ", the kernel says %s", info->skb_reason);
	fprintf(f, ")\n    %s\n", info->meaning);
	if (*buf)
		print_devices(info, f);
	if (info->cause)
		fprintf(f, "    Cause: %s\n", info->cause);
	if (info->remedy)
		fprintf(f, "    Remedy: %s\n", info->remedy);
}

static void put_device(struct json_object *to, uint32_t kind, uint32_t dir)
{
	struct json_object *o = json_add(to, NULL, json_object_new_object());

	json_add(o, "kind", json_text(tapdrop_kind_name(kind)));
	json_add(o, "dir", json_text(tapdrop_dir_name(dir)));
	json_add(o, "netdev-dir", json_text(tapdrop_netdev_dir(kind, dir)));
}

static void put_devices(struct json_object *to, uint32_t id)
{
	uint32_t dir, kind;

	for (kind = TAPDROP_KIND_TUN; kind <= TAPDROP_KIND_IPVTAP; kind++) {
		for (dir = TAPDROP_DIR_TO_USER; dir <= TAPDROP_DIR_FROM_USER;
		     dir++) {
			if (occurs(id, kind, dir))
				put_device(to, kind, dir);
		}
	}
}

static void put_reason(struct json_object *to,
		       const struct tapdrop_reason_info *info)
{
	struct json_object *o = json_add(to, NULL, json_object_new_object());

	json_add(o, "id", json_object_new_uint64(info->id));
	json_add(o, "name", json_text(info->name));
	json_add(o, "skb-reason", json_text(info->skb_reason));
	json_add(o, "class", json_text(tapdrop_class_name(info->class_id)));
	put_devices(json_add(o, "devices", json_object_new_array()), info->id);
	json_add(o, "meaning", json_text(info->meaning));
	json_add(o, "cause", json_text(info->cause));
	json_add(o, "remedy", json_text(info->remedy));
}

static void list_json(uint64_t set)
{
	struct json_object *list = json_need(json_object_new_array());
	const struct tapdrop_reason_info *reasons;
	size_t i, n;

	reasons = tapdrop_reasons(&n);
	for (i = 0; i < n; i++) {
		if (set & 1ULL << reasons[i].id)
			put_reason(list, &reasons[i]);
	}
	json_print(list, stdout);
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
		table_text(t, STYLE_NONE, dirs(buf, r->id));
		table_text(t, STYLE_NONE, devices(r->id));
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

/**
 * cmd_explain() - tapdrop explain
 * @argc: number of words
 * @argv: words behind the command
 *
 * Return: exit code.
 */
int cmd_explain(int argc, char **argv)
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
