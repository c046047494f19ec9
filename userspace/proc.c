// SPDX-License-Identifier: GPL-2.0-only
/* What /proc says of processes, with few system calls for each. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc.h"

#define PATH_SIZE	128
/* PROC_PID_INIT_INO: the first pid namespace, which sees all processes. */
#define FIRST_PID_NS	0xeffffffcU

/**
 * proc_open() - open the directory of all processes
 * @root: directory in front of /proc; "" for the running system
 *
 * Return: descriptor, or -1.
 */
int proc_open(const char *root)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/proc", root);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/**
 * proc_each() - walk through the processes
 * @proc: descriptor of /proc
 * @fn: takes each
 * @arg: argument of @fn
 *
 * Return: 0 or a negative errno.
 */
int proc_each(int proc, proc_fn fn, void *arg)
{
	int fd = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), pid;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		pid = atoi(entry->d_name);
		if (pid > 0)
			fn(proc, pid, arg);
	}
	closedir(dir);
	return 0;
}

/* What opendir() would do with twice the system calls, and an allocation. */
static int each_fd(int dir, proc_fd_fn fn, void *arg)
{
	char entries[4096] __attribute__((aligned(8)));
	const struct dirent64 *entry;
	char target[PATH_SIZE];
	ssize_t len, n, pos;
	int err = 0;

	while ((n = getdents64(dir, entries, sizeof(entries))) > 0) {
		for (pos = 0; pos < n; pos += entry->d_reclen) {
			entry = (const struct dirent64 *)(entries + pos);
			if (entry->d_name[0] == '.')
				continue;
			len = readlinkat(dir, entry->d_name, target,
					 sizeof(target) - 1);
			/* Who may list them may not always see them. */
			if (len < 0 && errno != ENOENT && errno != ESRCH)
				err = -EACCES;
			/* Sockets and their like have no path. */
			if (len <= 0 || target[0] != '/')
				continue;
			target[len] = '\0';
			fn(dir, entry->d_name, target, arg);
		}
	}
	return err;
}

/**
 * proc_each_fd() - walk through the open files of a process that have a path
 * @proc: descriptor of /proc
 * @pid: process
 * @fn: takes each
 * @arg: argument of @fn
 *
 * Return: 0, also if the process is gone; or -EACCES.
 */
int proc_each_fd(int proc, int pid, proc_fd_fn fn, void *arg)
{
	char path[PATH_SIZE];
	int dir, err;

	snprintf(path, sizeof(path), "%d/fd", pid);
	dir = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT || errno == ESRCH ? 0 : -EACCES;
	err = each_fd(dir, fn, arg);
	close(dir);
	return err;
}

/**
 * proc_read() - read the beginning of a file
 * @proc: descriptor of the directory that it is in, such as /proc
 * @dst: where to put it, with a zero behind it
 * @size: size of @dst
 * @fmt: path
 *
 * Return: number of bytes, or a negative errno.
 */
ssize_t proc_read(int proc, char *dst, size_t size, const char *fmt, ...)
{
	char path[PATH_SIZE];
	size_t len = 0;
	va_list args;
	ssize_t n;
	int fd;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);

	*dst = '\0';
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (len < size - 1 &&
	       (n = read(fd, dst + len, size - 1 - len)) > 0)
		len += n;
	dst[len] = '\0';
	close(fd);
	return len;
}

/**
 * proc_inode() - number in the target of a link, such as net:[4026531840]
 * @dir: descriptor of the directory that the link is in
 * @path: the link
 *
 * Return: the number, or 0 with errno set if it cannot be read.
 */
uint64_t proc_inode(int dir, const char *path)
{
	char target[PATH_SIZE];
	char *number;
	ssize_t len;

	len = readlinkat(dir, path, target, sizeof(target) - 1);
	if (len <= 0)
		return 0;
	target[len] = '\0';
	number = strchr(target, '[');
	return number ? strtoull(number + 1, NULL, 10) : 0;
}

/**
 * proc_namespace() - in which namespace a process is
 * @proc: descriptor of /proc
 * @pid: process, or %PROC_SELF
 * @kind: kind of the namespace, such as "net"
 *
 * Return: number of the namespace, or 0 with errno set if that cannot be seen.
 */
uint64_t proc_namespace(int proc, int pid, const char *kind)
{
	char path[PATH_SIZE];

	if (pid == PROC_SELF)
		snprintf(path, sizeof(path), "self/ns/%s", kind);
	else
		snprintf(path, sizeof(path), "%d/ns/%s", pid, kind);
	return proc_inode(proc, path);
}

/**
 * proc_sees_all() - are all processes of the system listed?
 * @proc: descriptor of /proc
 *
 * They are not in a pid namespace of a container, or if /proc was mounted with
 * hidepid.
 *
 * Return: true if so.
 */
bool proc_sees_all(int proc)
{
	return proc_namespace(proc, PROC_SELF, "pid") == FIRST_PID_NS &&
	       !faccessat(proc, "1", F_OK, 0);
}
