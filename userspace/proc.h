/* SPDX-License-Identifier: GPL-2.0-only */
/* What /proc says of processes. */
#ifndef _TAPDROP_PROC_H
#define _TAPDROP_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The process that asks */
#define PROC_SELF	0

/**
 * typedef proc_fn - takes one process
 * @proc: descriptor of /proc
 * @pid: the process
 * @arg: of the caller
 */
typedef void (*proc_fn)(int proc, int pid, void *arg);

/**
 * typedef proc_fd_fn - takes one open file of a process
 * @dir: descriptor of /proc/PID/fd
 * @fd: number of the file, as text
 * @target: what it is a link to, such as /dev/null
 * @arg: of the caller
 */
typedef void (*proc_fd_fn)(int dir, const char *fd, const char *target,
			   void *arg);

int proc_open(const char *root);
int proc_each(int proc, proc_fn fn, void *arg);
int proc_each_fd(int proc, int pid, proc_fd_fn fn, void *arg);
ssize_t proc_read(int proc, char *dst, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
uint64_t proc_inode(int dir, const char *path);
uint64_t proc_namespace(int proc, int pid, const char *kind);
bool proc_sees_all(int proc);

#endif /* _TAPDROP_PROC_H */
