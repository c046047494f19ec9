/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel says of all sources. */
#ifndef _TAPDROP_DUMP_H
#define _TAPDROP_DUMP_H

#include <stdbool.h>

#include "select.h"
#include "source.h"

int sources_dump(struct sources *s, const struct selector *sel);
int sources_dump_next(struct sources *s, const struct selector *sel);
bool sources_consistent(const struct sources *s);
int sources_dump_links(struct sources *s);

#endif /* _TAPDROP_DUMP_H */
