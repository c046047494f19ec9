// SPDX-License-Identifier: GPL-2.0-only
/* What to call a reason, also one that is newer than the tool. */
#include <stdlib.h>

#include "tool.h"

/* Reasons of the running kernel; asked for once, when ours do not do. */
static struct tapdrop_reason_info *kernel_reasons;
static size_t n_kernel_reasons;

static void ask_kernel(struct tapdrop *td)
{
	static bool asked;

	if (asked || opt.file)
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
