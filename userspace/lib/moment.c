// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-3-Clause
/*
 * When a dump was read. In a recording, a message that means nothing to netlink
 * stands in front of each dump and says it.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "moment.h"

#define BOOT_ID		"/proc/sys/kernel/random/boot_id"
#define MAGIC		"tapdrop"

/**
 * struct stamp - the message, in the byte order of the others
 * @nlh: its head, of type NLMSG_NOOP
 * @magic: %MAGIC
 * @boot_id: as in &struct tapdrop_moment, and so are the others
 */
struct stamp {
	struct nlmsghdr nlh;
	char magic[8];
	char boot_id[40];
	uint64_t monotonic_ms;
	uint64_t boottime_ms;
};

static uint64_t milliseconds(clockid_t clock)
{
	struct timespec t = {};

	clock_gettime(clock, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

void tapdrop_moment_now(struct tapdrop_moment *moment)
{
	FILE *f = fopen(BOOT_ID, "re");

	memset(moment, 0, sizeof(*moment));
	if (!f || fscanf(f, "%36s", moment->boot_id) != 1)
		moment->boot_id[0] = '\0';
	if (f)
		fclose(f);
	moment->monotonic_ms = milliseconds(CLOCK_MONOTONIC);
	moment->boottime_ms = milliseconds(CLOCK_BOOTTIME);
}

/**
 * tapdrop_moment_begins() - do these bytes begin with a moment?
 * @data: beginning of a file
 * @len: bytes of it
 *
 * Return: true if so.
 */
bool tapdrop_moment_begins(const void *data, size_t len)
{
	struct stamp stamp;

	if (len < offsetof(struct stamp, boot_id))
		return false;
	memcpy(&stamp, data, offsetof(struct stamp, boot_id));
	return stamp.nlh.nlmsg_type == NLMSG_NOOP &&
	       stamp.nlh.nlmsg_len == sizeof(stamp) &&
	       !memcmp(stamp.magic, MAGIC, sizeof(MAGIC));
}

/**
 * tapdrop_moment_put() - write a moment as a message
 * @buf: where to append it
 * @moment: the moment
 *
 * Return: 0 or -ENOMEM.
 */
int tapdrop_moment_put(struct tapdrop_buf *buf,
		       const struct tapdrop_moment *moment)
{
	struct stamp stamp = {
		.nlh = { .nlmsg_len = sizeof(stamp), .nlmsg_type = NLMSG_NOOP },
		.magic = MAGIC,
		.monotonic_ms = moment->monotonic_ms,
		.boottime_ms = moment->boottime_ms,
	};

	memcpy(stamp.boot_id, moment->boot_id, sizeof(stamp.boot_id));
	return tapdrop_buf_add(buf, &stamp, sizeof(stamp));
}

/**
 * tapdrop_moment_get() - read a message that is one
 * @nlh: message, all of whose bytes are there
 * @moment: where to put it
 *
 * Return: false if it is another message.
 */
bool tapdrop_moment_get(const struct nlmsghdr *nlh,
			struct tapdrop_moment *moment)
{
	struct stamp stamp;

	if (!tapdrop_moment_begins(nlh, nlh->nlmsg_len))
		return false;
	memcpy(&stamp, nlh, sizeof(stamp));
	memcpy(moment->boot_id, stamp.boot_id, sizeof(moment->boot_id));
	moment->boot_id[sizeof(moment->boot_id) - 1] = '\0';
	moment->monotonic_ms = stamp.monotonic_ms;
	moment->boottime_ms = stamp.boottime_ms;
	return true;
}
