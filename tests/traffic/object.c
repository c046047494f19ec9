// SPDX-License-Identifier: GPL-2.0-only
/* The named things that stay open between two commands. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "object.h"

#define OBJECTS	512

static struct object objects[OBJECTS];

static struct object *lookup(const char *name)
{
	for (int i = 0; i < OBJECTS; i++)
		if (objects[i].type && !strcmp(objects[i].name, name))
			return &objects[i];
	return NULL;
}

/**
 * object_new() - keep an open file under the command's name
 * @cmd: command
 * @type: what it is
 * @fd: the file; closed if it cannot be kept
 *
 * Return: the object; does not return if the name is taken.
 */
struct object *object_new(struct command *cmd, enum object_type type, int fd)
{
	const char *name = command_name(cmd);
	struct object *obj = objects;

	while (obj < objects + OBJECTS && obj->type)
		obj++;
	if (lookup(name) || obj == objects + OBJECTS ||
	    strlen(name) >= sizeof(obj->name)) {
		close(fd);
		fail("%s: cannot keep '%s'", cmd->verb, name);
	}
	memset(obj, 0, sizeof(*obj));
	obj->type = type;
	strcpy(obj->name, name);
	obj->fd = fd;
	return obj;
}

/**
 * object_find() - look an object up
 * @name: its name
 * @type: what it must be
 *
 * Return: the object; does not return if there is none of that type.
 */
struct object *object_find(const char *name, enum object_type type)
{
	struct object *obj = lookup(name);

	if (!obj || obj->type != type)
		fail("no such object: '%s'", name);
	return obj;
}

/**
 * object_get() - look up the object that the command names
 * @cmd: command
 * @type: what it must be
 *
 * Return: the object; does not return if there is none of that type.
 */
struct object *object_get(struct command *cmd, enum object_type type)
{
	return object_find(command_name(cmd), type);
}

/**
 * object_close() - command "close NAME": close anything
 * @cmd: command
 */
void object_close(struct command *cmd)
{
	const char *name = command_name(cmd);
	struct object *obj = lookup(name);

	if (!obj)
		fail("no such object: '%s'", name);
	if (obj->release)
		obj->release(obj);
	close(obj->fd);
	obj->type = OBJECT_FREE;
	printf("{}\n");
}
