// SPDX-License-Identifier: GPL-2.0-only
/* Frames written to a queue and read from it, through the character device. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "frame.h"
#include "io.h"
#include "memory.h"
#include "object.h"
#include "queue.h"
#include "tally.h"

/**
 * io_write() - command "write NAME [ count=N ] FRAME [ fault=N ]
 *	[ iov=N,... ]": write frames
 * @cmd: command; see frame_build() and memory_get()
 */
void io_write(struct command *cmd)
{
	struct object *obj = object_get(cmd, OBJECT_QUEUE);
	long count = command_num(cmd, "count", 1);
	struct queue *q = obj->priv;
	static struct frame frame;
	struct tally tally = {};
	struct memory mem;

	frame_build(cmd, &frame, &q->shape);
	memory_get(cmd, &mem, frame.len);
	memcpy(mem.base, frame.data, mem.mapped);
	while (count-- > 0) {
		frame_stamp(&frame, mem.base, mem.mapped);
		tally_add(&tally, memory_write(obj->fd, &mem));
	}
	printf("{");
	tally_print(&tally);
	printf("}\n");
}

static void print_tags(const unsigned long *tags)
{
	const char *comma = "";

	printf(",\"tags\":{");
	for (int i = 0; i < 256; i++) {
		if (!tags[i])
			continue;
		printf("%s\"%d\":%lu", comma, i, tags[i]);
		comma = ",";
	}
	printf("}");
}

/*
 * Most errors of a read cost a frame, so the next read goes on; these do not.
 */
static bool read_ended(ssize_t ret)
{
	return ret < 0 && (errno == EAGAIN || errno == EBADFD ||
			   errno == EBADF);
}

/**
 * io_read() - command "read NAME [ max=N ] [ size=N ] [ fault=N ]
 *	[ iov=N,... ] [ tags=1 ]": read frames until there are no more
 * @cmd: command; size=N is the length of the buffer, tags=1 counts the frames
 *	by their tag
 */
void io_read(struct command *cmd)
{
	struct object *obj = object_get(cmd, OBJECT_QUEUE);
	long size = command_num(cmd, "size", FRAME_SPACE);
	long max = command_num(cmd, "max", 1000000);
	bool with_tags = command_num(cmd, "tags", 0);
	struct queue *q = obj->priv;
	struct frame_shape *shape = &q->shape;
	size_t tag_at = (shape->pi ? 4 : 0) + shape->vnet_len +
			(shape->l3 ? FRAME_L3_TAG_AT : FRAME_TAG_AT);
	unsigned long tags[256] = {};
	struct tally tally = {};
	struct memory mem;
	ssize_t ret;

	if (q->block)
		fail("a read from a blocking queue may never end");
	memory_get(cmd, &mem, size);
	while (max-- > 0) {
		ret = memory_read(obj->fd, &mem);
		if (ret < 0 && errno == EAGAIN)
			break;
		tally_add(&tally, ret);
		if (read_ended(ret))
			break;
		if (ret > (ssize_t)tag_at && mem.mapped > tag_at)
			tags[mem.base[tag_at]]++;
	}
	printf("{");
	tally_print(&tally);
	if (with_tags)
		print_tags(tags);
	printf("}\n");
}
