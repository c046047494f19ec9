// SPDX-License-Identifier: GPL-2.0-only
/* What to call a reason, also one that is newer than the tool; what it means. */
#include <stdbool.h>
#include <stdlib.h>

#include "options.h"
#include "reason.h"
#include "xalloc.h"

/* The drivers, by what a user calls their devices, and one kind of each. */
static const struct {
	const char *devices;
	uint32_t kind;
} drivers[] = {
	{ "tun/tap",		TAPDROP_KIND_TUN },
	{ "macvtap/ipvtap",	TAPDROP_KIND_MACVTAP },
};

/* Reasons of the running kernel; asked for once, if ours lack one. */
static struct tapdrop_reason_info *kernel_reasons;
static size_t n_kernel_reasons;

static void ask_kernel(struct tapdrop *td)
{
	static bool asked;

	if (asked || opt.file || !td)
		return;
	asked = true;
	if (tapdrop_dump_reasons(td, &kernel_reasons, &n_kernel_reasons))
		n_kernel_reasons = 0;
}

/**
 * reason_info() - all about a reason
 * @src: source of the counter
 * @id: id of the reason
 *
 * Return: the reason; one without a name if nobody knows it.
 */
const struct tapdrop_reason_info *reason_info(const struct source *src,
					      uint32_t id)
{
	static struct tapdrop_reason_info unknown;
	static char name[] = "REASON_4294967295";
	const struct tapdrop_reason_info *info = tapdrop_reason_by_id(id);
	size_t i;

	if (info)
		return info;
	ask_kernel(src->td);
	for (i = 0; i < n_kernel_reasons; i++) {
		if (kernel_reasons[i].id == id)
			return &kernel_reasons[i];
	}

	snprintf(name, sizeof(name), "REASON_%u", id);
	unknown = (struct tapdrop_reason_info){
		.id = id,
		.class_id = TAPDROP_CLASS_LOSS,
		.name = name,
		.skb_reason = "",
		.meaning = "A reason that is newer than this tool.",
	};
	return &unknown;
}

/**
 * reason_occurs() - can a device lose frames for a reason?
 * @id: id of the reason
 * @kind: kind of the device, or 0 for any
 * @dir: direction
 *
 * Return: true if so.
 */
bool reason_occurs(uint32_t id, uint32_t kind, uint32_t dir)
{
	return tapdrop_reason_dirs(id, kind) & 1U << dir;
}

/**
 * reason_dirs() - name the directions of a reason
 * @dst: where to put the names, separated by a comma
 * @id: id of the reason
 *
 * Return: @dst.
 */
const char *reason_dirs(char dst[32], uint32_t id)
{
	bool to = reason_occurs(id, 0, TAPDROP_DIR_TO_USER);
	bool from = reason_occurs(id, 0, TAPDROP_DIR_FROM_USER);

	sprintf(dst, "%s%s%s", to ? "to-user" : "", to && from ? ", " : "",
		from ? "from-user" : "");
	return dst;
}

/**
 * reason_devices() - name the devices of a reason
 * @id: id of the reason
 *
 * Return: the names.
 */
const char *reason_devices(uint32_t id)
{
	if (!tapdrop_reason_dirs(id, drivers[0].kind))
		return drivers[1].devices;
	return tapdrop_reason_dirs(id, drivers[1].kind) ? "all" :
							  drivers[0].devices;
}

/* Show the direction in each device's own word: tun and macvtap differ. */
static void print_devices(const struct tapdrop_reason_info *info, FILE *f)
{
	const char *sep = "    Devices: ";
	uint32_t dir;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(drivers); i++) {
		for (dir = TAPDROP_DIR_TO_USER; dir <= TAPDROP_DIR_FROM_USER;
		     dir++) {
			if (!reason_occurs(info->id, drivers[i].kind, dir))
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
	if (*reason_dirs(buf, info->id))
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
