/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TAPDROP_NOTIFY_H
#define _TAPDROP_NOTIFY_H

#include <linux/types.h>

struct tapdrop_dev;

void tapdrop_nl_notify_add(const struct tapdrop_dev *td);
void tapdrop_nl_notify_del(const struct tapdrop_dev *td, bool final);

#endif /* _TAPDROP_NOTIFY_H */
