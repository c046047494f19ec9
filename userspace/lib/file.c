// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-3-Clause
/* Recorded dumps: the kernel's messages back to back, as they were received. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

static int read_all(FILE *file, struct tapdrop_buf *buf)
{
	char chunk[16384];
	size_t n;

	while ((n = fread(chunk, 1, sizeof(chunk), file))) {
		if (tapdrop_buf_add(buf, chunk, n))
			return -ENOMEM;
	}
	return ferror(file) ? -errno : 0;
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
	file = fopen(path, "re");
	if (!file)
		return tapdrop_fail(td, errno, "cannot open %s: %s", path,
				    strerror(errno));
	err = read_all(file, &td->file);
	fclose(file);
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
	return ret < 0 ? ret : 0;
}

int tapdrop_record(struct tapdrop *td, const char *path)
{
	if (td->record)
		fclose(td->record);
	td->record = fopen(path, "we");
	if (!td->record)
		return tapdrop_fail(td, errno, "cannot write %s: %s", path,
				    strerror(errno));
	return 0;
}

/**
 * tapdrop_record_write() - write the messages of a complete dump
 * @td: handle
 *
 * Return: 0 or a negative errno.
 */
int tapdrop_record_write(struct tapdrop *td)
{
	if (!td->record)
		return 0;
	errno = 0;
	fwrite(td->raw.data, 1, td->raw.len, td->record);
	if (fflush(td->record))
		return tapdrop_fail(td, errno, "cannot write the recording: %s",
				    strerror(errno));
	return 0;
}
