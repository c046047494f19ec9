/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TORTURE_MESSAGE_H
#define _TORTURE_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "chance.h"

/* No message is longer. */
#define MESSAGE_MAX	2048

size_t message_make(struct chance *c, void *buf, uint16_t family);
void message_spoil_length(struct chance *c, void *buf);

#endif /* _TORTURE_MESSAGE_H */
