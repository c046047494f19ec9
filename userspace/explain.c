// SPDX-License-Identifier: GPL-2.0-only
/* tapdrop explain: what a reason means, and what to do. Needs no kernel. */
#include <string.h>

#include "json.h"

static const struct column columns[] = {
	{ .name = "REASON" },
	{ .name = "KERNEL" },
	{ .name = "CLASS" },
	{ .name = "DIRECTION" },
	{ .name = "MEANING" },
};

/* "to-user", "from-user", or both, separated by @sep. */
static const char *dirs(char dst[32], uint32_t id)
{
	unsigned int set = tapdrop_reason_dirs(id);
	bool to = set & 1U << TAPDROP_DIR_TO_USER;
	bool from = set & 1U << TAPDROP_DIR_FROM_USER;

	sprintf(dst, "%s%s%s", to ? "to-user" : "", to && from ? ", " : "",
		from ? "from-user" : "");
	return dst;
}

/**
 * explain_reason() - print all about a reason
 * @info: reason
 * @f: where to
 */
void explain_reason(const struct tapdrop_reason_info *info, FILE *f)
{
	char buf[32];

	fprintf(f, "%s%s%s (%s, %s", opt.color ? "\033[1m" : "", info->name,
		opt.color ? "\033[0m" : "", tapdrop_class_name(info->class_id),
		dirs(buf, info->id));
	if (*info->skb_reason)
		fprintf(f, ", the kernel says %s", info->skb_reason);
	fprintf(f, ")\n    %s\n", info->meaning);
	if (info->cause)
		fprintf(f, "    Cause: %s\n", info->cause);
	if (info->remedy)
		fprintf(f, "    Remedy: %s\n", info->remedy);
}

static void put_reason(struct json_object *to,
		       const struct tapdrop_reason_info *info)
{
	struct json_object *o = json_add(to, NULL, json_object_new_object());
	struct json_object *list;
	uint32_t dir;

	json_add(o, "id", json_object_new_uint64(info->id));
	json_add(o, "name", json_text(info->name));
	json_add(o, "skb-reason", json_text(info->skb_reason));
	json_add(o, "class", json_text(tapdrop_class_name(info->class_id)));
	list = json_add(o, "dirs", json_object_new_array());
	for (dir = TAPDROP_DIR_TO_USER; dir <= TAPDROP_DIR_FROM_USER; dir++) {
		if (tapdrop_reason_dirs(info->id) & 1U << dir)
			json_add(list, NULL, json_text(tapdrop_dir_name(dir)));
	}
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
