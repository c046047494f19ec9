// SPDX-License-Identifier: GPL-2.0-only
/* A file that readers see as it was or as it is, never in between. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exitcode.h"
#include "fail.h"
#include "lib/replace.h"
#include "outfile.h"

static int refuse(const struct outfile *out, int err)
{
	return fail(EXIT_OUTPUT, "cannot write %s: %s", out->path,
		    strerror(-err));
}

/* Is it where one of our own streams goes, as /dev/stdout is? */
static FILE *own_stream(const struct stat *st)
{
	struct stat own;

	if (!fstat(STDOUT_FILENO, &own) && same_file(st, &own))
		return stdout;
	if (!fstat(STDERR_FILENO, &own) && same_file(st, &own))
		return stderr;
	return NULL;
}

/* Write what is there, and close it. Return: 0 or a negative errno. */
static int put_and_close(const struct outfile *out, int fd, bool sync)
{
	FILE *f = fdopen(fd, "w");
	int err = 0;

	if (!f) {
		close(fd);
		return -ENOMEM;
	}
	out->put(f, out->arg);
	errno = 0;
	if (fflush(f) || ferror(f) || (sync && fsync(fd)))
		err = errno ? -errno : -EIO;
	/* Over a network, some errors come with the last close. */
	if (fclose(f) && !err)
		err = -errno;
	return err;
}

/* A terminal, a pipe or the like: there is nothing to replace. */
static int write_through(const struct outfile *out, const struct stat *st)
{
	int err, fd;

	if (S_ISBLK(st->st_mode))
		return fail(EXIT_OUTPUT, "cannot write %s: it is a block device",
			    out->path);
	/* A pipe that nobody reads is refused rather than waited for. */
	fd = open(out->path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return refuse(out, -errno);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	err = put_and_close(out, fd, false);
	return err ? refuse(out, err) : EXIT_OK;
}

/* @st is what is there, or NULL. */
static int replace(const struct outfile *out, const struct stat *st)
{
	struct tapdrop_replace r;
	int err, fd;

	fd = tapdrop_replace_begin(&r, out->path, st, 0644);
	if (fd < 0)
		return refuse(out, fd);
	err = tapdrop_replace_end(&r, put_and_close(out, fd, true));
	return err ? refuse(out, err) : EXIT_OK;
}

/**
 * outfile_write() - write a file
 * @out: the file, and what into it
 *
 * A regular file is replaced in one step, or left as it was. Anything else is
 * written to, or refused.
 *
 * Return: exit code.
 */
int outfile_write(const struct outfile *out)
{
	struct stat st;
	FILE *f;

	if (stat(out->path, &st))
		return errno == ENOENT ? replace(out, NULL) :
					 refuse(out, -errno);
	if (out->regular && !S_ISREG(st.st_mode))
		return fail(EXIT_OUTPUT, "cannot replace %s: it is no regular file",
			    out->path);
	f = out->regular ? NULL : own_stream(&st);
	if (!f)
		return S_ISREG(st.st_mode) ? replace(out, &st) :
					     write_through(out, &st);
	out->put(f, out->arg);
	/* Standard output is looked at when we end. */
	return f == stderr && ferror(f) ? refuse(out, -EIO) : EXIT_OK;
}
