// SPDX-License-Identifier: GPL-2.0-only
/* tapdrop explain: what a reason means, and what to do. Needs no kernel. */
#include <json-c/json.h>
#include <string.h>

#include "tool.h"

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

static struct json_object *json_dirs(uint32_t id)
{
	struct json_object *array = json_object_new_array();
	uint32_t dir;

	for (dir = TAPDROP_DIR_TO_USER; dir <= TAPDROP_DIR_FROM_USER; dir++) {
		const char *name = tapdrop_dir_name(dir);

		if (tapdrop_reason_dirs(id) & 1U << dir)
			json_object_array_add(array,
					      json_object_new_string(name));
	}
	return array;
}

static struct json_object *json_reason(const struct tapdrop_reason_info *info)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "id", json_object_new_int(info->id));
	json_put_string(object, "name", info->name);
	json_put_string(object, "skb-reason", info->skb_reason);
	json_put_string(object, "class", tapdrop_class_name(info->class_id));
	json_object_object_add(object, "dirs", json_dirs(info->id));
	json_put_string(object, "meaning", info->meaning);
	json_put_string(object, "cause", info->cause);
	json_put_string(object, "remedy", info->remedy);
	return object;
}

static void list_json(uint64_t set)
{
	struct json_object *array = json_object_new_array();
	const struct tapdrop_reason_info *reasons;
	size_t i, n;

	reasons = tapdrop_reasons(&n);
	for (i = 0; i < n; i++) {
		if (set & 1ULL << reasons[i].id)
			json_object_array_add(array, json_reason(&reasons[i]));
	}
	json_print(array, stdout);
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
