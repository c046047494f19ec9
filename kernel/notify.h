/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TAPDROP_NOTIFY_H
#define _TAPDROP_NOTIFY_H

#include <linux/types.h>

struct net;
struct net_device;
struct tapdrop_dev;

void tapdrop_nl_notify_add(struct tapdrop_dev *td, struct net *net);
void tapdrop_nl_notify_del(struct tapdrop_dev *td, struct net *net, bool final);
void tapdrop_nl_notify_left(struct tapdrop_dev *td, struct net *net);
void tapdrop_nl_notify_uncounted(struct net_device *dev, u8 cmd);
void tapdrop_nl_notify_enable(bool enable);

#endif /* _TAPDROP_NOTIFY_H */
