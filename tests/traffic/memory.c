// SPDX-License-Identifier: GPL-2.0-only
/* Buffers that are cut into pieces and end where the kernel cannot go on. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory.h"

/* MEMORY_SPACE bytes that are mapped, followed by as many that are not. */
static unsigned char *space(void)
{
	static unsigned char *base;

	if (base)
		return base;
	base = mmap(NULL, 2 * MEMORY_SPACE, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (base == MAP_FAILED ||
	    mprotect(base, MEMORY_SPACE, PROT_READ | PROT_WRITE)) {
		base = NULL;
		fail_errno("mmap");
	}
	return base;
}

static void add_iov(struct memory *mem, size_t off, size_t len)
{
	if (mem->niov == MEMORY_IOVS)
		fail("more than %d pieces", MEMORY_IOVS);
	mem->iov[mem->niov].iov_base = mem->base + off;
	mem->iov[mem->niov++].iov_len = len;
}

/**
 * memory_get() - lay out the buffer of a read or write
 * @cmd: command, with fault=N (byte N and all after it are not mapped) and
 *	iov=N,N,... (lengths of the first pieces)
 * @mem: result
 * @len: length of the buffer
 *
 * There is one buffer: the next call reuses it.
 */
void memory_get(struct command *cmd, struct memory *mem, size_t len)
{
	long fault = command_num(cmd, "fault", -1);
	const char *cut = command_str(cmd, "iov");
	size_t off = 0;
	char *end;

	if (len > MEMORY_SPACE || fault > (long)len)
		fail("length out of range");
	mem->base = space();
	mem->mapped = len;
	mem->niov = 0;
	if (fault >= 0) {
		mem->base += MEMORY_SPACE - fault;
		mem->mapped = fault;
	}
	while (cut && *cut) {
		size_t piece = strtoul(cut, &end, 0);

		if (end == cut || piece > len - off)
			fail("iov= does not fit the length");
		add_iov(mem, off, piece);
		off += piece;
		cut = *end ? end + 1 : end;
	}
	if (off < len || !mem->niov)
		add_iov(mem, off, len - off);
}

/**
 * memory_write() - write the buffer, with write() if it is in one piece
 * @fd: file
 * @mem: buffer
 *
 * Return: as write().
 */
ssize_t memory_write(int fd, const struct memory *mem)
{
	if (mem->niov == 1)
		return write(fd, mem->base, mem->iov[0].iov_len);
	return writev(fd, mem->iov, mem->niov);
}

/**
 * memory_read() - read into the buffer, with read() if it is in one piece
 * @fd: file
 * @mem: buffer
 *
 * Return: as read().
 */
ssize_t memory_read(int fd, const struct memory *mem)
{
	if (mem->niov == 1)
		return read(fd, mem->base, mem->iov[0].iov_len);
	return readv(fd, mem->iov, mem->niov);
}
