/* SPDX-License-Identifier: GPL-2.0-only */
/* Groups of devices. */
#ifndef _TAPDROP_GROUP_H
#define _TAPDROP_GROUP_H

#include <stdint.h>

int group_number(const char *name, uint32_t *group);

#endif /* _TAPDROP_GROUP_H */
