/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TRAFFIC_OBJECT_H
#define _TRAFFIC_OBJECT_H

#include "command.h"

enum object_type {
	OBJECT_FREE,
	OBJECT_QUEUE,
	OBJECT_SINK,
	OBJECT_LINK,
	OBJECT_VHOST,
};

/**
 * struct object - something that a command opened and another will use
 * @type:	what it is
 * @name:	what the test calls it
 * @fd:		open file
 * @priv:	what the type keeps
 * @release:	called before @fd is closed, may be NULL
 */
struct object {
	enum object_type type;
	char name[32];
	int fd;
	void *priv;
	void (*release)(struct object *obj);
};

struct object *object_new(struct command *cmd, enum object_type type, int fd);
struct object *object_get(struct command *cmd, enum object_type type);
struct object *object_find(const char *name, enum object_type type);
void object_close(struct command *cmd);

#endif /* _TRAFFIC_OBJECT_H */
