// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-3-Clause
/* Recorded dumps: the kernel's messages back to back, as they were received. */
#include <errno.h>
#include <linux/genetlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "moment.h"
#include "walk.h"

/* The largest message that a dump can have: all that one receive takes. */
#define MAX_MESSAGE	32768

/* Does it begin as a message of a dump does? An empty file is a recording. */
static bool is_recording(const struct tapdrop_buf *buf)
{
	struct nlmsghdr nlh;

	if (!buf->len)
		return true;
	if (tapdrop_moment_begins(buf->data, buf->len))
		return true;
	if (buf->len < sizeof(nlh))
		return false;
	memcpy(&nlh, buf->data, sizeof(nlh));
	return nlh.nlmsg_len >= sizeof(nlh) && nlh.nlmsg_len <= MAX_MESSAGE &&
	       (nlh.nlmsg_type == NLMSG_DONE || nlh.nlmsg_type == NLMSG_ERROR ||
		(nlh.nlmsg_type >= GENL_MIN_ID &&
		 nlh.nlmsg_type <= GENL_MAX_ID));
}

/* Stops where it is clear that there will be no use of it: /dev/zero. */
static int read_all(FILE *file, struct tapdrop_buf *buf)
{
	char chunk[16384];
	size_t n;

	while ((n = fread(chunk, 1, sizeof(chunk), file))) {
		if (tapdrop_buf_add(buf, chunk, n))
			return -ENOMEM;
		if (!is_recording(buf))
			return -EBADMSG;
	}
	return ferror(file) ? -errno : 0;
}

static const char *name(const struct tapdrop *td)
{
	return td->path ? td->path : "the recording";
}

/* Is there only a part of the message where reading has stopped? */
static bool is_cut(const struct tapdrop *td)
{
	size_t left = td->file.len - td->file_pos;
	struct nlmsghdr nlh;

	if (left < sizeof(nlh))
		return left;
	memcpy(&nlh, td->file.data + td->file_pos, sizeof(nlh));
	return nlh.nlmsg_len > left;
}

/**
 * tapdrop_file_fail() - say that a recording is not what it should be
 * @td: handle that reads from a file, with @error set unless it ended too early
 * @ended: it ended between two messages
 *
 * Return: -EBADMSG.
 */
int tapdrop_file_fail(struct tapdrop *td, bool ended)
{
	char error[sizeof(td->error)];

	if (ended || is_cut(td))
		return tapdrop_fail(td, EBADMSG,
				    "%s is cut off: its last dump or event is not complete",
				    name(td));
	memcpy(error, td->error, sizeof(error));
	return tapdrop_fail(td, EBADMSG, "%s is damaged: %s", name(td), error);
}

/**
 * tapdrop_file_open() - read a file in place of the kernel
 * @td: handle
 * @path: the file
 *
 * Return: 0 or a negative errno.
 */
int tapdrop_file_open(struct tapdrop *td, const char *path)
{
	FILE *file;
	int err;

	td->from_file = true;
	td->path = strdup(path);
	file = fopen(path, "re");
	if (!file)
		return tapdrop_fail(td, errno, "cannot open %s: %s", path,
				    strerror(errno));
	err = read_all(file, &td->file);
	fclose(file);
	if (err == -EBADMSG)
		return tapdrop_fail(td, EBADMSG, "%s is no recording of tapdrop",
				    path);
	if (err)
		return tapdrop_fail(td, -err, "cannot read %s: %s", path,
				    strerror(-err));
	return 0;
}

/**
 * tapdrop_file_dump() - read the next dump of a file
 * @td: handle
 * @a: what to do with its messages
 *
 * Return: 0, -ENODATA at the end of the file, or another negative errno.
 */
int tapdrop_file_dump(struct tapdrop *td, struct tapdrop_answer *a)
{
	size_t used;
	int ret;

	if (td->file_pos == td->file.len)
		return tapdrop_fail(td, ENODATA, "the recording has ended");
	ret = tapdrop_walk(a, td->file.data + td->file_pos,
			   td->file.len - td->file_pos, &used);
	td->file_pos += used;
	if (!ret || ret == -EBADMSG)
		return tapdrop_file_fail(td, !ret);
	return ret < 0 ? ret : 0;
}
