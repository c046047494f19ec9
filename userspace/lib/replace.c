// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-3-Clause
/*
 * A new file in the place of an old one, in one step. Whoever may write into the
 * directory may plant links there: under the name of the file, or of the one that
 * is to replace it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "replace.h"

/* As many links as the kernel follows. */
#define MAX_LINKS	40

/*
 * As the kernel has it with fs.protected_symlinks: where everybody may put
 * links, and only remove his own, as in /tmp, follow one's own, and those of the
 * directory's owner.
 */
static int may_follow(const char *path, const struct stat *link)
{
	const char *base = strrchr(path, '/');
	char dir[PATH_MAX];
	struct stat st;

	snprintf(dir, sizeof(dir), "%.*s", base ? (int)(base - path) + 1 : 1,
		 base ? path : ".");
	if (stat(dir, &st))
		return -errno;
	if ((st.st_mode & 01002) != 01002 ||
	    link->st_uid == geteuid() || link->st_uid == st.st_uid)
		return 0;
	return -EACCES;
}

/* Return: length of the target; 0 if it is no link; or a negative errno. */
static int read_link(const char *path, char target[PATH_MAX])
{
	int err, fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	ssize_t n = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	err = fstat(fd, &st) ? -errno : 0;
	if (!err && S_ISLNK(st.st_mode)) {
		err = may_follow(path, &st);
		if (!err)
			n = readlinkat(fd, "", target, PATH_MAX - 1);
		if (n < 0)
			err = -errno;
	}
	close(fd);
	target[err ? 0 : n] = '\0';
	return err ? err : n;
}

/* Put the target of a link in its place. Return: 0 or a negative errno. */
static int go_to(char path[PATH_MAX], const char *target)
{
	char *base = strrchr(path, '/');
	size_t dir = *target == '/' || !base ? 0 : base + 1 - path;

	if (dir + strlen(target) >= PATH_MAX - 1)
		return -ENAMETOOLONG;
	strcpy(path + dir, target);
	return 0;
}

/*
 * Where the links lead: the file there is to be replaced, not the link. There
 * may be none yet. Return: 0 or a negative errno.
 */
static int follow_links(const char *path, char real[PATH_MAX])
{
	char target[PATH_MAX];
	int err, i, n;

	if (strlen(path) >= PATH_MAX - 1)
		return -ENAMETOOLONG;
	strcpy(real, path);
	for (i = 0; i < MAX_LINKS; i++) {
		n = read_link(real, target);
		if (n <= 0)
			return n;
		err = go_to(real, target);
		if (err)
			return err;
	}
	return -ELOOP;
}

/*
 * Who could read and write the old file can do so with the new one. What owner
 * and group cannot be kept have no business with the bits that were theirs.
 */
static int set_access(int fd, const struct stat *old, mode_t mode)
{
	struct stat st;

	if (!old)
		return fchmod(fd, mode) ? -errno : 0;
	mode = old->st_mode & 0777;
	if (fstat(fd, &st))
		return -errno;
	if ((st.st_uid != old->st_uid || st.st_gid != old->st_gid) &&
	    fchown(fd, old->st_uid, old->st_gid) &&
	    fchown(fd, -1, old->st_gid) && st.st_gid != old->st_gid)
		mode &= 0707;
	return fchmod(fd, mode) ? -errno : 0;
}

static int make_temp(struct tapdrop_replace *r, const struct stat *old,
		     mode_t mode)
{
	int err, fd;

	if (snprintf(r->temp, sizeof(r->temp), "%s.XXXXXX", r->real) >=
	    (int)sizeof(r->temp))
		return -ENAMETOOLONG;
	/* It is new, and no link. */
	fd = mkostemp(r->temp, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = set_access(fd, old, mode);
	if (!err)
		return fd;
	close(fd);
	unlink(r->temp);
	return err;
}

/**
 * tapdrop_replace_check() - could a file be made, or replaced?
 * @path: its path; links are followed
 *
 * Return: 0, or a negative errno that says why not.
 */
int tapdrop_replace_check(const char *path)
{
	char real[PATH_MAX];
	char *base;
	int err;

	err = follow_links(path, real);
	if (err)
		return err;
	base = strrchr(real, '/');
	strcpy(base ? base + 1 : real, ".");
	return faccessat(AT_FDCWD, real, W_OK | X_OK, AT_EACCESS) ? -errno : 0;
}

/**
 * tapdrop_replace_begin() - make the file that will replace another
 * @r: where to keep what tapdrop_replace_end() wants
 * @path: the other; links are followed
 * @old: what there is now, or NULL; mode and owner stay
 * @mode: mode if there is nothing
 *
 * Signals wait until tapdrop_replace_end(), since whoever ends us in between
 * would find the temporary file.
 *
 * Return: a descriptor to write to, or a negative errno; then there is nothing
 * to end.
 */
int tapdrop_replace_begin(struct tapdrop_replace *r, const char *path,
			  const struct stat *old, mode_t mode)
{
	struct stat now;
	sigset_t all;
	int fd;

	fd = follow_links(path, r->real);
	/* Below /proc, links lead to files that have no such name any more. */
	if (!fd && old && (stat(r->real, &now) || !same_file(old, &now)))
		fd = -ESTALE;
	if (fd)
		return fd;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &r->mask);
	fd = make_temp(r, old, mode);
	if (fd < 0)
		pthread_sigmask(SIG_SETMASK, &r->mask, NULL);
	return fd;
}

/**
 * tapdrop_replace_end() - put the new file in the place of the other
 * @r: from tapdrop_replace_begin()
 * @err: 0, or why the new file is not to be used; it is removed then
 *
 * Return: 0; @err; or another negative errno, and the new file is removed.
 */
int tapdrop_replace_end(struct tapdrop_replace *r, int err)
{
	if (!err && rename(r->temp, r->real))
		err = -errno;
	if (err)
		unlink(r->temp);
	pthread_sigmask(SIG_SETMASK, &r->mask, NULL);
	return err;
}
