// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-3-Clause
/* Names and words: of kernel/reasons.h, and our advice. */
#include "../../kernel/reasons.h"
#include "tapdrop.h"

#define INFO(_name, _skb, _class, _meaning)				\
	[TAPDROP_REASON_##_name - 1] = {				\
		.id = TAPDROP_REASON_##_name,				\
		.class_id = TAPDROP_CLASS_##_class,			\
		.name = #_name,						\
		.skb_reason = #_skb,					\
		.meaning = _meaning,					\
	},

static const struct tapdrop_reason_info reasons[] = {
	TAPDROP_REASONS(INFO)
#include "advice.h"
};

#define N_REASONS (sizeof(reasons) / sizeof(*reasons))

const struct tapdrop_reason_info *tapdrop_reasons(size_t *n)
{
	*n = N_REASONS;
	return reasons;
}

const struct tapdrop_reason_info *tapdrop_reason_by_id(uint32_t id)
{
	return id && id <= N_REASONS ? &reasons[id - 1] : NULL;
}

static char spelt(char c)
{
	return c == '-' ? '_' : c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
}

/* Our names are in capitals, with underscores; people type ptr-full. */
static bool is_name(const char *name, const char *typed)
{
	while (*name && *name == spelt(*typed)) {
		name++;
		typed++;
	}
	return !*name && !*typed;
}

uint64_t tapdrop_reasons_by_name(const char *name)
{
	uint64_t set = 0;
	size_t i;

	for (i = 0; i < N_REASONS; i++) {
		if (is_name(reasons[i].name, name))
			return 1ULL << reasons[i].id;
		if (is_name(reasons[i].skb_reason, name))
			set |= 1ULL << reasons[i].id;
	}
	return set;
}

/* The kinds of devices that a driver serves, 1 << enum tapdrop_kind. */
#define KINDS_TUN	(1U << TAPDROP_KIND_TUN | 1U << TAPDROP_KIND_TAP)
#define KINDS_TAP	(1U << TAPDROP_KIND_MACVTAP | 1U << TAPDROP_KIND_IPVTAP)
#define KINDS_BOTH	(KINDS_TUN | KINDS_TAP)

#define CELL(_dir, _reason, _driver)					\
	if (id == TAPDROP_REASON_##_reason && KINDS_##_driver & kinds)	\
		dirs |= 1U << TAPDROP_DIR_##_dir;

unsigned int tapdrop_reason_dirs(uint32_t id, uint32_t kind)
{
	unsigned int kinds = KINDS_BOTH, dirs = 0;

	if (kind)
		kinds = kind <= TAPDROP_KIND_IPVTAP ? 1U << kind : 0;
	TAPDROP_CELLS(CELL)
	return dirs;
}

const char *tapdrop_dir_name(uint32_t dir)
{
	switch (dir) {
	case TAPDROP_DIR_TO_USER:
		return "to-user";
	case TAPDROP_DIR_FROM_USER:
		return "from-user";
	}
	return "unknown";
}

const char *tapdrop_kind_name(uint32_t kind)
{
	switch (kind) {
	case TAPDROP_KIND_TUN:
		return "tun";
	case TAPDROP_KIND_TAP:
		return "tap";
	case TAPDROP_KIND_MACVTAP:
		return "macvtap";
	case TAPDROP_KIND_IPVTAP:
		return "ipvtap";
	}
	return "none";
}

const char *tapdrop_coverage_name(uint32_t coverage)
{
	switch (coverage) {
	case TAPDROP_COVERAGE_DRIVER:
		return "driver";
	case TAPDROP_COVERAGE_ATTACHED:
		return "attached";
	case TAPDROP_COVERAGE_NONE:
		return "none";
	}
	return "unknown";
}

const char *tapdrop_class_name(uint32_t class_id)
{
	switch (class_id) {
	case TAPDROP_CLASS_LOSS:
		return "loss";
	case TAPDROP_CLASS_REFUSED:
		return "refused";
	case TAPDROP_CLASS_TRUNCATED:
		return "truncated";
	}
	return "unknown";
}

const char *tapdrop_netdev_dir(uint32_t kind, uint32_t dir)
{
	bool to_user = dir == TAPDROP_DIR_TO_USER;

	switch (kind) {
	case TAPDROP_KIND_TUN:
	case TAPDROP_KIND_TAP:
		return to_user ? "tx" : "rx";
	case TAPDROP_KIND_MACVTAP:
	case TAPDROP_KIND_IPVTAP:
		return to_user ? "rx" : "tx";
	}
	return "";
}
