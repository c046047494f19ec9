/* SPDX-License-Identifier: GPL-2.0-only */
/* Devices here that nobody counts. */
#ifndef _TAPDROP_UNCOUNTED_H
#define _TAPDROP_UNCOUNTED_H

#include <stddef.h>

size_t uncounted_of(const char *driver);

#endif /* _TAPDROP_UNCOUNTED_H */
