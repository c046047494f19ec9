/* SPDX-License-Identifier: GPL-2.0-only */
/* What to call a reason, and what it means. */
#ifndef _TAPDROP_REASON_H
#define _TAPDROP_REASON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/tapdrop.h"
#include "source.h"

const struct tapdrop_reason_info *reason_info(const struct source *src,
					      uint32_t id);
bool reason_occurs(uint32_t id, uint32_t kind, uint32_t dir);
const char *reason_dirs(char dst[32], uint32_t id);
const char *reason_devices(uint32_t id);
void explain_reason(const struct tapdrop_reason_info *info, FILE *f);

#endif /* _TAPDROP_REASON_H */
