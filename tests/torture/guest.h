/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TORTURE_GUEST_H
#define _TORTURE_GUEST_H

#include <stdbool.h>

/* How many there are at most */
#define GUESTS	4

bool guest_serve(unsigned int number, int queue);

#endif /* _TORTURE_GUEST_H */
