/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-3-Clause */
/* Sockets and requests. */
#ifndef _LIBTAPDROP_NETLINK_H
#define _LIBTAPDROP_NETLINK_H

#include <stdint.h>

#include "handle.h"
#include "walk.h"

int tapdrop_netlink_open(struct tapdrop *td);
void tapdrop_netlink_close(struct tapdrop *td);
int tapdrop_netlink_request(struct tapdrop *td, uint8_t cmd, uint16_t flags,
			    const struct tapdrop_filter *filter,
			    struct tapdrop_answer *a);
int tapdrop_netlink_join(struct tapdrop *td);
int tapdrop_netlink_events(struct tapdrop *td);

#endif /* _LIBTAPDROP_NETLINK_H */
