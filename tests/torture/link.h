/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TORTURE_LINK_H
#define _TORTURE_LINK_H

#include <stdbool.h>

int link_open(void);
int link_index(int fd, const char *name);
bool link_add(int fd, const char *name, const char *kind, int lower, int index);
bool link_delete(int fd, const char *name);
bool link_rename(int fd, const char *name, const char *other);
bool link_up(int fd, const char *name, bool up);
bool link_resize(int fd, const char *name, unsigned int frames);
bool link_move(int fd, const char *name, int netns, int index);
bool link_xdp(int fd, const char *name, int prog, unsigned int flags);

#endif /* _TORTURE_LINK_H */
