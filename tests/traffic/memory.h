/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TRAFFIC_MEMORY_H
#define _TRAFFIC_MEMORY_H

#include <sys/uio.h>

#include "command.h"

#define MEMORY_SPACE	(1 << 20)
#define MEMORY_IOVS	64

/**
 * struct memory - the buffer of a read or write
 * @base:	its beginning
 * @mapped:	number of bytes that can be touched
 * @iov:	how it is cut up
 * @niov:	number of pieces
 */
struct memory {
	unsigned char *base;
	size_t mapped;
	struct iovec iov[MEMORY_IOVS];
	int niov;
};

void memory_get(struct command *cmd, struct memory *mem, size_t len);
ssize_t memory_write(int fd, const struct memory *mem);
ssize_t memory_read(int fd, const struct memory *mem);

#endif /* _TRAFFIC_MEMORY_H */
