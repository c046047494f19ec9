/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TORTURE_DEVICE_H
#define _TORTURE_DEVICE_H

#include <stdbool.h>

#include "actor.h"

void device_programs(void);
int device_open(const char *name, unsigned int flags);
int device_program(bool xdp);
bool device_lose(int fd);

extern struct act device_lives[];
extern struct act device_passes[];
extern struct act device_traffic[];

#endif /* _TORTURE_DEVICE_H */
