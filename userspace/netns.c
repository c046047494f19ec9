// SPDX-License-Identifier: GPL-2.0-only
/* Network namespaces: those that have a name, and those that have processes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "netns.h"
#include "proc.h"
#include "xalloc.h"

#define NETNS_DIR "/run/netns/"

/**
 * netns_open() - open a network namespace
 * @name: its name, or a path
 *
 * Return: descriptor, or -1.
 */
int netns_open(const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s%s",
		 strchr(name, '/') ? "" : NETNS_DIR, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static bool look_at(int fd, struct stat *st)
{
	return !(fd < 0 ? stat("/proc/self/ns/net", st) : fstat(fd, st));
}

/**
 * netns_inode() - number of a network namespace
 * @fd: descriptor of it, or -1 for the one we are in
 *
 * Return: the number, or 0 with errno set.
 */
uint32_t netns_inode(int fd)
{
	struct stat st;

	return look_at(fd, &st) ? st.st_ino : 0;
}

/**
 * netns_same() - are these the same network namespace?
 * @a: descriptor
 * @b: another one, or -1 for the one we are in
 *
 * Return: true if so.
 */
bool netns_same(int a, int b)
{
	struct stat sa, sb;

	return look_at(a, &sa) && look_at(b, &sb) &&
	       sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

/**
 * netns_enter() - enter a network namespace
 * @fd: descriptor of it, or -1 for the one we are in
 *
 * To be where we are takes no right.
 *
 * Return: true, or false with errno set.
 */
bool netns_enter(int fd)
{
	return fd < 0 || netns_same(fd, -1) || !setns(fd, CLONE_NEWNET);
}

static void add(struct netns_list *l, const char *name, int fd)
{
	struct netns *netns;

	l->list = xrealloc(l->list, l->n + 1, sizeof(*l->list));
	netns = &l->list[l->n++];
	*netns = (struct netns){ .fd = fd };
	if (!name)
		return;
	netns->name = xrealloc(NULL, strlen(name) + 1, 1);
	strcpy(netns->name, name);
}

/* What "ip netns" is about to make or has just deleted is a plain file. */
static bool is_namespace(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && fs.f_type == NSFS_MAGIC;
}

/* One that goes away while we look is no error. */
static void add_if_there(struct netns_list *l, const char *name)
{
	int fd = netns_open(name);

	if (fd >= 0 && is_namespace(fd) && !netns_same(fd, -1))
		add(l, name, fd);
	else if (fd >= 0)
		close(fd);
	else if (errno != ENOENT)
		l->refused++;
}

/* Which namespaces we have seen, and whether there may be others. */
struct netns_scan {
	struct netns_list *l;
	uint64_t *seen;
	size_t n;
	size_t hidden;
};

/* Return: whether it is new. */
static bool see(struct netns_scan *scan, uint64_t number)
{
	size_t i;

	for (i = 0; i < scan->n; i++) {
		if (scan->seen[i] == number)
			return false;
	}
	scan->seen = xrealloc(scan->seen, scan->n + 1, sizeof(*scan->seen));
	scan->seen[scan->n++] = number;
	return true;
}

/* The name of one without a name is its path, which -netns takes, too. */
static void add_netns_of(int proc, int pid, void *arg)
{
	struct netns_scan *scan = arg;
	size_t before = scan->l->n;
	char number[16], path[64];
	uint64_t netns;

	snprintf(number, sizeof(number), "%d", pid);
	errno = 0;
	netns = proc_namespace(proc, number, "net");
	scan->hidden += !netns && errno == EACCES;
	if (!netns || !see(scan, netns))
		return;
	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	add_if_there(scan->l, path);
	/* It has just ended; another process may be in the same namespace. */
	if (scan->l->n == before)
		scan->n--;
}

/* Containers and pods have namespaces without a name, but processes in them. */
static void add_nameless(struct netns_list *l)
{
	struct netns_scan scan = { .l = l };
	int proc = proc_open("");
	struct stat st;
	size_t i;

	if (proc < 0)
		return;
	for (i = 0; i < l->n; i++) {
		if (!fstat(l->list[i].fd, &st))
			see(&scan, st.st_ino);
	}
	proc_each(proc, add_netns_of, &scan);
	close(proc);
	free(scan.seen);
	/* In how many others they are is not known. Root may see all but a few. */
	if (scan.hidden && geteuid())
		l->refused++;
}

static void add_named(struct netns_list *l)
{
	struct dirent **list;
	int i, n;

	n = scandir(NETNS_DIR, &list, NULL, alphasort);
	for (i = 0; i < n; i++) {
		if (list[i]->d_name[0] != '.')
			add_if_there(l, list[i]->d_name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

/**
 * netns_list_all() - find the network namespace that we are in, those that
 *	have a name, and those of processes
 * @l: where to put them, ours first; the caller frees list, names and
 *	descriptors
 *
 * Return: 0 or a negative errno.
 */
int netns_list_all(struct netns_list *l)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	*l = (struct netns_list){};
	if (fd < 0)
		return -errno;
	add(l, NULL, fd);
	add_named(l);
	add_nameless(l);
	return 0;
}
