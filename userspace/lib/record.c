// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-3-Clause
/*
 * What dumps receive, written into a file. What was there before stays until
 * there is a whole dump to take its place.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "moment.h"
#include "replace.h"

static int fail_write(struct tapdrop *td, int err)
{
	return tapdrop_fail(td, -err, "cannot write %s: %s", td->record_path,
			    strerror(-err));
}

int tapdrop_record(struct tapdrop *td, const char *path)
{
	struct stat st;
	int err;

	if (td->record)
		fclose(td->record);
	td->record = NULL;
	free(td->record_path);
	td->record_path = strdup(path);
	if (!td->record_path)
		return tapdrop_fail(td, ENOMEM, "out of memory");

	/* To open a device, a pipe or the like changes nothing. */
	if (!stat(path, &st) && !S_ISREG(st.st_mode)) {
		td->record = fopen(path, "we");
		return td->record ? 0 : fail_write(td, -errno);
	}
	err = tapdrop_replace_check(path);
	return err ? fail_write(td, err) : 0;
}

static int put(FILE *f, const struct tapdrop_buf *buf)
{
	errno = 0;
	fwrite(buf->data, 1, buf->len, f);
	if (fflush(f) || ferror(f))
		return errno ? -errno : -EIO;
	return 0;
}

/* An empty file, if there is none: it has the mode that new files have. */
static int make(const char *path, struct stat *st)
{
	int err, fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

	if (fd < 0)
		return -errno;
	err = fstat(fd, st) ? -errno : 0;
	close(fd);
	return err;
}

/* The first dump is the whole file; what follows is appended to it. */
static int begin(struct tapdrop *td, const struct tapdrop_buf *buf)
{
	struct tapdrop_replace r;
	struct stat st;
	int err = 0, fd;
	FILE *f;

	if (stat(td->record_path, &st))
		err = make(td->record_path, &st);
	if (err)
		return err;
	fd = tapdrop_replace_begin(&r, td->record_path, &st, 0);
	if (fd < 0)
		return fd;
	f = fdopen(fd, "w");
	err = f ? put(f, buf) : -errno;
	if (!err && fsync(fd))
		err = -errno;
	err = tapdrop_replace_end(&r, err);
	if (!err)
		td->record = f;
	else if (f)
		fclose(f);
	else
		close(fd);
	return err;
}

/**
 * tapdrop_record_write() - write the messages of a complete dump
 * @td: handle
 *
 * Return: 0 or a negative errno.
 */
int tapdrop_record_write(struct tapdrop *td)
{
	int err;

	if (!td->record_path)
		return 0;
	err = td->record ? put(td->record, &td->raw) : begin(td, &td->raw);
	return err ? fail_write(td, err) : 0;
}
