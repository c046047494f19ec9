/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TAPDROP_XDP_H
#define _TAPDROP_XDP_H

int tapdrop_xdp_init(void);
void tapdrop_xdp_exit(void);

#endif /* _TAPDROP_XDP_H */
