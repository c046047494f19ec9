/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TORTURE_FAMILY_H
#define _TORTURE_FAMILY_H

#include <stdbool.h>

#include "actor.h"

/* Requests in one datagram */
#define FAMILY_BATCH	64

int family_open(void);
int family_resolve(int fd);
void family_drain(int fd);
bool family_subscribe(int fd);
bool family_dump(int fd, bool queues);
long family_count(int fd, int ifindex);
bool family_reasons(int fd);

extern struct act family_floods[];
extern struct act family_watches[];

#endif /* _TORTURE_FAMILY_H */
