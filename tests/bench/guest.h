/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _BENCH_GUEST_H
#define _BENCH_GUEST_H

#include <stddef.h>

#include "end.h"

void guest_start(const struct end *end);
void guest_stop(void);
void guest_offer_frames(const void *frame, size_t len, int count);
void guest_offer_buffers(int count);
void guest_kick(void);

#endif /* _BENCH_GUEST_H */
