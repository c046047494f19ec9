/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TAPDROP_CURSOR_H
#define _TAPDROP_CURSOR_H

#include <linux/types.h>

u64 tapdrop_cursor_new(void);
int tapdrop_cursor_since(u64 cursor, unsigned long *since);
void tapdrop_cursor_init(void);

#endif /* _TAPDROP_CURSOR_H */
